// Server-sent events through `fetch`, since an EventSource can send no header: the token never
// stands in an address, and no cookie goes along with other pages' requests.

const SILENT_MS = 25_000; // The kiosk says something every ten seconds.
const LONGEST = 256 * 1024;

export class Refused extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}

export async function follow(token, take, signal) {
  const silence = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  let timer = setTimeout(() => silence.abort(), SILENT_MS);
  try {
    const answer = await fetch("/v1/events", {
      headers: { Accept: "text/event-stream", Authorization: `Bearer ${token}` },
      cache: "no-store", credentials: "omit", redirect: "error", signal: both,
    });
    if (!answer.ok) throw new Refused(answer.status);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
      text += value;
      if (text.length > LONGEST) throw new Error("too long");
      let end;
      while ((end = text.indexOf("\n\n")) >= 0) {
        dispatch(text.slice(0, end), take);
        text = text.slice(end + 2);
      }
    }
  } finally {
    clearTimeout(timer);
    // Whatever ended it: the browser keeps nothing that was not read yet.
    silence.abort();
  }
}

function dispatch(block, take) {
  let name = "";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (name) take(name, JSON.parse(data));
}

export async function photo(token, presence, signal) {
  const answer = await fetch("/v1/policy/current?fields=photo", {
    headers: { Accept: "application/json", Authorization: `Bearer ${token}` },
    cache: "no-store", credentials: "omit", redirect: "error", signal,
  });
  if (answer.status !== 200) return null;
  const said = await answer.json();
  // Somebody else may stand there by now.
  if (said.presence !== presence || said.photo?.mime !== "image/jpeg") return null;
  const bytes = Uint8Array.from(atob(said.photo.base64), (one) => one.charCodeAt(0));
  return new Blob([bytes], { type: "image/jpeg" });
}
