// Server-sent events by fetch: unlike EventSource it says why there is no stream, so that the page
// can say what to do. It comes again by itself, always.

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 10000;
const HIDDEN = 30000; // ms that a page is hidden before it lets go of its stream

export class Stream {
  // on: {event(name, data), state(sentence)}
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.pause = FIRST_PAUSE;
    this.timer = 0;
    this.abort = null;
    this.hiding = 0;
    document.addEventListener("visibilitychange", () => this.onVisible());
    window.addEventListener("online", () => this.start());
  }

  start() {
    clearTimeout(this.timer);
    if (this.abort === null && !document.hidden) this.run();
  }

  // Whoever looks at a stream that says nothing: begin anew.
  restart() {
    this.abort?.abort();
  }

  onVisible() {
    clearTimeout(this.hiding);
    if (!document.hidden) this.start();
    else this.hiding = setTimeout(() => this.abort?.abort(), HIDDEN);
  }

  async run() {
    this.abort = new AbortController();
    let why = "the connection to the door is lost";
    try {
      const answer = await fetch(this.url, {
        signal: this.abort.signal,
        cache: "no-store",
        headers: { accept: "text/event-stream" },
      });
      if (answer.ok && answer.body) await this.read(answer.body.getReader());
      else why = await refused(answer);
    } catch {
      // said below
    }
    this.abort = null;
    if (document.hidden) {
      this.on.state("it is paused while nobody looks");
      return;
    }
    this.on.state(why);
    this.timer = setTimeout(() => this.start(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      let end = text.indexOf("\n\n");
      while (end >= 0) {
        this.take(text.slice(0, end));
        text = text.slice(end + 2);
        end = text.indexOf("\n\n");
      }
    }
  }

  take(block) {
    let name = "message";
    let data = "";
    for (const line of block.split("\n")) {
      if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (!data) return;
    this.pause = FIRST_PAUSE;
    this.on.event(name, JSON.parse(data));
  }
}

async function refused(answer) {
  if (answer.status === 401) {
    location.assign("/login");
    return "the session has ended; log in again";
  }
  const text = (await answer.text()).slice(0, 300).trim();
  return text || `the door answers ${answer.status}`;
}
