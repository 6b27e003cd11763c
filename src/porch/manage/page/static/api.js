// The operations of the admin door, as the commands have them.

let session = { role: "read", csrf: "" };

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export async function begin() {
  const { answer } = await ask("session");
  session = answer;
  return answer;
}

export async function leave() {
  await fetch("/logout", { method: "POST", headers: { "x-porch-csrf": session.csrf } });
  location.assign("/login");
}

// Returns {answer, etag}; throws Refused with the door's own sentence.
export async function ask(name, words = {}) {
  const query = new URLSearchParams(words).toString();
  return read(await fetch(`/v1/${name}${query ? `?${query}` : ""}`, { cache: "no-store" }));
}

// etag: of the state that whoever confirmed this has seen; another one since is refused with 412,
// and nothing is changed of one that nobody has seen.
export async function change(name, words, etag) {
  if (!etag) throw new Refused(0, "it is not known what runs now. Try again in a moment.");
  const headers = { "content-type": "application/json", "if-match": etag };
  if (session.csrf) headers["x-porch-csrf"] = session.csrf;
  const body = JSON.stringify(words);
  return read(await fetch(`/v1/${name}`, { method: "POST", headers, body, cache: "no-store" }));
}

async function read(answer) {
  const text = await answer.text();
  let found = null;
  try {
    found = JSON.parse(text);
  } catch {
    // said below as it is
  }
  if (answer.status === 401) location.assign("/login");
  if (!answer.ok) {
    const said = found?.error || text.slice(0, 500) || `the door answers ${answer.status}`;
    throw new Refused(answer.status, String(said).replace(/^porch: /, ""));
  }
  return { answer: found, etag: answer.headers.get("etag") || "" };
}
