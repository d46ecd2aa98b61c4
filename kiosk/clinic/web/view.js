// From what the kiosk said to what is seen. Only nodes and text: nothing is ever read as HTML.

import * as shapes from "./shapes.js";
import { clock, day, groups, has, period, say } from "./words.js";

export function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function calm(drawing, title, text, ...more) {
  return node(
    "section", { class: "calm" },
    node("div", { class: "drawing" }, drawing),
    node("h1", {}, title),
    node("p", {}, text),
    ...more,
  );
}

export const waiting = () => calm(shapes.waiting(), say("clinic.waiting.title"), say("clinic.waiting.text"));
export const lost = () => calm(shapes.lost(), say("clinic.lost.title"), say("clinic.lost.text"));
export const busy = () => calm(shapes.lost(), say("clinic.lost.title"), say("clinic.busy"));

export function inserted(event) {
  return calm(shapes.waiting(), say(event.card ? "clinic.inserted.card" : "clinic.inserted.code"), "");
}

export function tokenForm(wrong, take) {
  const field = node("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", maxlength: "128",
    required: "", "aria-describedby": "token-text",
  });
  const complaint = node("p", { class: "complaint", role: "alert" }, wrong ? say("clinic.token.wrong") : "");
  const form = node(
    "form", { class: "token" },
    node("h1", {}, say("clinic.token.title")),
    node("p", { id: "token-text" }, say("clinic.token.text")),
    node("label", { for: "token" }, say("clinic.token.label")),
    field,
    complaint,
    node("button", { type: "submit", class: "main" }, say("clinic.token.open")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = field.value.trim();
    field.value = "";
    if (token) take(token);
  });
  return form;
}

// The verdict

export function result(said) {
  // Nothing could be read: there is nobody to compare with, and nothing is claimed of anybody.
  if (said.verdict && !said.source) return alone(said);
  return node(
    "article", { class: `result ${said.verdict ?? "plain"}` },
    said.verdict ? band(said) : null,
    node("div", { class: "person" }, ...person(said)),
  );
}

function alone(said) {
  return node(
    "article", { class: `result alone ${said.verdict}` },
    node("div", { class: "band" }, shape(said)),
    node("div", { class: "person" }, ...answer(said), left(said)),
  );
}

function band(said) {
  const [headline, ...rest] = answer(said);
  const checks = said.checks
    .map((check) => [check.outcome, say(`check.${check.name}.${check.outcome}`)])
    .filter(([, text]) => text)
    .map(([outcome, text]) => node("li", { class: outcome }, shapes.outcome(outcome), node("span", {}, text)));
  const next = rest.pop();
  return node(
    "div", { class: "band" },
    shape(said), headline, ...rest,
    checks.length ? node("ul", { class: "checks", "aria-label": say("clinic.checks") }, ...checks) : null,
    next,
    said.verdict === "not_insured" ? node("p", { class: "emergency" }, say("hint.emergency")) : null,
  );
}

const shape = (said) => node("div", { class: "shape" }, shapes.family(said.verdict));

// Headline, what there is to say about it, and last the next step.
function answer(said) {
  const reason = `reason.${said.reason}`;
  const headline = say(`${reason}.registrar_headline`) || say(`${reason}.headline`);
  const detail = say(`${reason}.registrar`) || say(`${reason}.detail`);
  const lines = [detail, ...said.notes.map((note) => say(`note.${note}`)), said.repeated ? say("result.repeated") : ""];
  return [
    node("h1", {}, headline),
    ...lines.filter(Boolean).map((line) => node("p", { class: "note" }, line)),
    node("p", { class: "next" }, say(`next.${said.next_step}`)),
  ];
}

function left(said) {
  return node("p", { class: "left" },
    node("span", { id: "ring" }),
    node("span", { id: "seconds", "aria-live": "off" }),
    node("span", { class: "known" }, known(said)));
}

function person(said) {
  const names = [said.given_name, said.patronymic].filter(Boolean).join(" ");
  const knows = "surname" in said;
  const [first, second] = said.surname || names
    ? [said.surname ?? "", names]
    : said.full_name
      ? split(said.full_name)
      : [say(knows ? "registrar.no_name" : "clinic.person.hidden"), knows ? say("registrar.no_name.text") : ""];
  return [
    node(
      "div", { class: "top" },
      node("div", { class: "who" },
        node("h2", {}, node("span", { class: "surname" }, first), node("span", { class: "names" }, second)),
        facts(said)),
      "photo" in said ? picture(said) : null,
    ),
    comparison(said),
    left(said),
  ];
}

function split(full) {
  const [surname, ...rest] = full.split(" ");
  return [surname, rest.join(" ")];
}

function facts(said) {
  const sex = said.sex ? say(`sex.${said.sex}`) : "";
  const birth = day(said.birth_date);
  const rows = [
    ["registrar.birth", birth && sex ? say("date.life", { date: birth, sex }) : birth],
    ["registrar.enp", groups(said.enp)],
    ["registrar.main_enp", said.main_enp && said.main_enp !== said.enp ? groups(said.main_enp) : ""],
    ["registrar.temporary_certificate", said.temporary_certificate],
    ["registrar.old_policy", said.old_policy],
    ["registrar.snils", said.snils],
    ["registrar.identity_document", said.identity_document],
    ["registrar.citizenship", said.citizenship && said.citizenship !== "RUS" ? said.citizenship : ""],
  ].filter(([, value]) => value);
  return node("dl", {}, ...rows.map(([key, value]) => node("div", {}, node("dt", {}, say(key)), node("dd", {}, value))));
}

function picture(said) {
  const caption = !said.photo ? "registrar.photo.none" : said.photo.mime === "image/jpeg" ? "registrar.photo" : "registrar.photo.unshown";
  return node("figure", {},
    node("div", { class: "photo", id: "photo" }, shapes.person()),
    node("figcaption", {}, say(caption)));
}

function comparison(said) {
  if (!("insurer" in said)) return node("div", { class: "grow" });
  const online = said.how_known?.source === "online";
  const name = (smo) => (smo ? smo.name || smo.ogrn : "");
  const clinic = said.clinic ? said.clinic.name || say("registrar.clinic.value", { code: said.clinic.code }) : "";
  const rows = [
    ["insurer", name(said.document_insurer), name(said.insurer), "insurer"],
    ["valid", said.document_expiry_date ? period(null, said.document_expiry_date) : "", period(said.valid_from, said.valid_to), "valid_to"],
    ["clinic", "", clinic, "clinic"],
    ["status", "", said.status ? say(`status.${said.status}`) : "", "status"],
  ];
  const known = online ? "registrar.online" : "registrar.register";
  const cell = (value, differs) =>
    node("td", differs ? { class: "differs" } : {}, differs ? shapes.differs() : null, value || say("registrar.none"),
      differs ? node("span", { class: "aside" }, ` (${say("clinic.differs")})`) : null);
  const table = node(
    "table", {},
    node("thead", {}, node("tr", {}, node("td", {}), head(say(`registrar.document.${said.source}`) || say("registrar.document.typed")), head(say(known)))),
    node("tbody", {}, ...rows.map(([key, document, register, field]) =>
      node("tr", {}, node("th", { scope: "row" }, say(`registrar.${key}`)),
        cell(document, Boolean(document) && said.differs?.includes(field)),
        cell(register, false)))),
  );
  return node("div", { class: "grow" }, table);
}

const head = (text) => node("th", { scope: "col" }, text);

function known(said) {
  const how = said.how_known;
  if (!how) return "";
  if (how.source === "online") return say("known.online", { time: clock(how.as_of) });
  const fields = { as_of: day(how.as_of), serial: String(how.serial ?? "") };
  return how.serial === null ? say("known.register", fields) : say("known.register.numbered", fields);
}

// The line at the foot

export function foot(standing) {
  const list = standing?.list;
  const grade = list?.freshness === "fresh" || list?.freshness === "too_old" ? list.freshness : "ageing";
  const key = list?.as_of ? `footer.list.${grade}` : "footer.list.none";
  const network = `footer.network.${standing?.fund}`;
  return [
    node("span", { class: `age ${list?.as_of ? grade : "too_old"}` }, shapes.age(list?.as_of ? grade : "too_old"),
      node("span", {}, say(key, { as_of: day(list?.as_of) }))),
    node("span", { class: "network" }, has(network) ? say(network) : ""),
    node("span", { class: "number" }, say("footer.kiosk", { id: standing?.kiosk ?? "" })),
  ];
}

export function ring(share, seconds) {
  return [shapes.countdown(share), say("clinic.seconds_left", { seconds: String(seconds) })];
}
