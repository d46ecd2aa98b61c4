// The registrars' page: what the kiosk shows, live, and nothing once the card has left.
//
// Whatever happens (the card leaves, the time is over, the line breaks, the tab is hidden for good)
// ends in `clear`: the nodes and the picture go, and no variable holds them.

import { Refused, follow, photo } from "./stream.js";
import * as view from "./view.js";
import * as words from "./words.js";

const TOKEN = "oms-token";
const LANGUAGE = "oms-language";
const LANGUAGES = ["ru", "en"];
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 10_000;

const frame = document.getElementById("frame");
const foot = document.getElementById("foot");

let shown = () => view.waiting(); // Makes the frame anew in another language.
let standing = null;
let presence = null;
let picture = "";
let looking = new AbortController();
let timer = 0;
let line = new AbortController();

function show(name, make) {
  shown = make;
  frame.dataset.frame = name;
  frame.replaceChildren(make());
}

function clear(name = "waiting", make = view.waiting) {
  clearInterval(timer);
  presence = null;
  looking.abort();
  if (picture) URL.revokeObjectURL(picture);
  picture = "";
  show(name, make);
}

function showFoot() {
  const language = view.node("div", { class: "languages", role: "group", "aria-label": words.say("clinic.language") },
    ...LANGUAGES.map((code) => {
      const button = view.node("button", { type: "button", lang: code, "aria-pressed": String(code === document.documentElement.lang) }, code.toUpperCase());
      button.addEventListener("click", () => speak(code));
      return button;
    }));
  const leave = view.node("button", { type: "button" }, words.say("clinic.token.forget"));
  leave.addEventListener("click", () => { sessionStorage.removeItem(TOKEN); ask(false); });
  foot.replaceChildren(...(standing ? view.foot(standing) : []), language, ...(sessionStorage.getItem(TOKEN) ? [leave] : []));
}

// What the kiosk says

function take(token, name, event) {
  if (name === "standing") {
    standing = event;
    if (presence === null) clear();
    showFoot();
  } else if (name === "inserted") {
    clear("inserted", () => view.inserted(event));
    presence = event.presence;
  } else if (name === "verdict") {
    verdict(token, event);
  } else if (name === "removed") {
    clear();
  }
}

function verdict(token, event) {
  clear("verdict", () => view.result(event));
  presence = event.presence;
  // By two clocks: the first stands still while a computer sleeps, the second can be set back.
  const until = performance.now() + event.seconds_left * 1000;
  const day = Date.now() + event.seconds_left * 1000;
  const total = Math.max(event.seconds_left, 1);
  const count = () => {
    const left = Math.min(until - performance.now(), day - Date.now()) / 1000;
    // The kiosk says so itself; this is for when its word does not get through.
    if (left < -1) return clear();
    const [ring, text] = view.ring(Math.max(0, left) / total, Math.max(0, Math.ceil(left)));
    document.getElementById("ring")?.replaceChildren(ring);
    document.getElementById("seconds")?.replaceChildren(text);
  };
  count();
  timer = setInterval(count, 250);
  if (event.photo?.mime === "image/jpeg") look(token, event.presence);
}

async function look(token, whose) {
  // An answer told again has a photo of its own: the one before must not be hung behind it.
  looking = new AbortController();
  const { signal } = looking;
  const blob = await photo(token, whose, signal).catch(() => null);
  if (blob === null || signal.aborted) return;
  picture = URL.createObjectURL(blob);
  hang();
}

function hang() {
  const place = document.getElementById("photo");
  if (place && picture) place.replaceChildren(view.node("img", { src: picture, alt: "" }));
}

// The line to the kiosk

async function listen(token) {
  line.abort();
  line = new AbortController();
  const { signal } = line;
  showFoot();
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    let make = view.lost;
    try {
      await follow(token, (name, event) => { wait = FIRST_WAIT; take(token, name, event); }, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
        sessionStorage.removeItem(TOKEN);
        return ask(true);
      }
      if (error instanceof Refused && error.status === 503) make = view.busy;
    }
    if (signal.aborted) return;
    standing = null;
    clear("lost", make);
    showFoot();
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
}

function ask(wrong) {
  line.abort();
  standing = null;
  clear("token", () => view.tokenForm(wrong, (token) => {
    sessionStorage.setItem(TOKEN, token);
    clear();
    listen(token);
  }));
  showFoot();
  document.getElementById("token").focus();
}

async function speak(language) {
  localStorage.setItem(LANGUAGE, language);
  await words.load(language);
  frame.replaceChildren(shown());
  hang();
  showFoot();
  foot.querySelector(`button[lang="${language}"]`)?.focus();
}

function start() {
  const token = sessionStorage.getItem(TOKEN);
  if (token) {
    clear();
    listen(token);
  } else {
    ask(false);
  }
}

// A page that is put away, or comes back from the browser's own cache, holds nobody.
addEventListener("pagehide", () => { line.abort(); standing = null; clear(); });
addEventListener("pageshow", (event) => { if (event.persisted) start(); });

const preferred = localStorage.getItem(LANGUAGE) ?? navigator.language.slice(0, 2);
const first = LANGUAGES.includes(preferred) ? preferred : LANGUAGES[0];
// A kiosk that just starts again has no words yet: without them the page would stay empty for good.
while (!(await words.load(first).then(() => true, () => false))) {
  await new Promise((done) => setTimeout(done, FIRST_WAIT));
}
start();
