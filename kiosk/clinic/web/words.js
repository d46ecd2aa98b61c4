// The sentences of the screen's catalogues, by key; a key without a sentence says nothing.

let sentences = {};

export async function load(language, signal) {
  const answer = await fetch(`/words/${language}.json`, { cache: "no-store", signal });
  if (!answer.ok) throw new Error("words");
  sentences = await answer.json();
  document.documentElement.lang = language;
  document.title = say("clinic.title");
}

export function has(key) {
  return Object.hasOwn(sentences, key);
}

export function say(key, fields = {}) {
  const sentence = has(key) ? sentences[key] : "";
  const said = sentence.replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");
  // A preposition stays with its word.
  return said.replace(/(?<=^|\s)(\p{L}{1,2}) /gu, "$1\u00a0");
}

// Dates as on the screen; what is no date says nothing.
export function day(iso) {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso ?? "");
  return found ? `${found[3]}.${found[2]}.${found[1]}` : "";
}

export function clock(iso) {
  const moment = new Date(iso ?? "");
  if (Number.isNaN(moment.getTime())) return "";
  const two = (number) => String(number).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

export function period(from, to) {
  if (!from && !to) return "";
  if (!to) return say("registrar.from", { begin: day(from) });
  if (!from) return say("registrar.to", { end: day(to) });
  return say("registrar.from_to", { begin: day(from), end: day(to) });
}

export function groups(digits) {
  return (digits ?? "").replace(/(\d{4})(?=\d)/g, "$1\u00a0");
}
