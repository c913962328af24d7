// Keeps lists and the page of one deployment fresh. The pages are whole without it.
//
// Nothing that comes from the server is ever parsed into the living page as text: pages are parsed by DOMParser, where
// no script runs, and their nodes are imported; log lines become text nodes.
(() => {
  "use strict";

  const root = document.querySelector("[data-live]");
  const bar = document.getElementById("live");
  const state = document.getElementById("live-state");
  const toggle = document.getElementById("live-toggle");
  if (!root || !bar || !state || !toggle) return;

  const LIST_EVERY = 3000;
  const FACTS_EVERY = 5000;
  const LONGEST_WAIT = 15000;

  let page = null;
  let paused = false;
  let ended = false;

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  // Nothing more will come by itself, and nothing may: a session that is over reads no further line.
  const end = (text) => {
    ended = true;
    page?.stop();
    toggle.hidden = true;
    say(text);
  };

  // One timer at a time per name, so that no path through this file can start a second loop.
  const timers = new Map();
  const stop = (name) => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };
  const later = (name, wait, run) => {
    stop(name);
    timers.set(name, setTimeout(() => {
      timers.delete(name);
      run();
    }, wait));
  };

  // The same page as it is now, or null when the session is over.
  const fetchPage = async () => {
    const answer = await fetch(location.href, {
      cache: "no-store",
      credentials: "same-origin",
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(10000),
    });
    const signedOut = answer.status === 401 || new URL(answer.url).pathname === "/login";
    if (signedOut) {
      end("your session is over: reload the page to sign in");
      return null;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // Replaces the element by the one of the fetched page, and leaves open what is open and focused what is focused.
  const swap = (id, page) => {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    // Another page than this one, such as a proxy's: nothing was refreshed.
    if (!old || !fresh) throw new Error(`no ${id} in the answer`);
    for (const open of old.querySelectorAll("details[open][id]")) {
      const same = page.getElementById(open.id);
      if (same) same.setAttribute("open", "");
    }
    if (old.isEqualNode(fresh)) return;
    const key = (node) => node.id || node.getAttribute("href");
    const active = old.contains(document.activeElement) ? key(document.activeElement) : null;
    const node = document.importNode(fresh, true);
    old.replaceWith(node);
    if (active) {
      const same = [...node.querySelectorAll("a, button, summary")].find((one) => key(one) === active);
      if (same) same.focus({ preventScroll: true });
    }
  };

  const list = () => {
    let failures = 0;
    const unfinished = () => document.getElementById(root.id)?.dataset.unfinished === "true";

    const refresh = async () => {
      if (paused || ended) return;
      if (document.hidden) return; // `visibilitychange` goes on.
      try {
        const page = await fetchPage();
        if (!page) return;
        if (!paused) swap(root.id, page);
        failures = 0;
      } catch {
        failures += 1;
      }
      if (!paused) next();
    };

    const next = () => {
      if (failures > 0) {
        say("no answer; trying again…");
        later("refresh", Math.min(LIST_EVERY * 2 ** failures, LONGEST_WAIT), refresh);
      } else if (unfinished()) {
        say("live");
        later("refresh", LIST_EVERY, refresh);
      } else {
        // A look when the reader comes back is enough.
        say("everything is finished");
      }
    };

    return { start: next, look: refresh, stop: () => stop("refresh") };
  };

  const deployment = () => {
    const log = root;
    const lines = document.getElementById("lines");
    const events = log.dataset.events;
    let after = Number(log.dataset.after) || 0;
    let source = null;
    let failures = 0;
    const shown = () => document.getElementById("facts")?.dataset ?? {};
    const finished = () => shown().finished === "true";
    // A deployment can be over while its instance still ends: the page goes on until nothing waits any more.
    const settled = () => finished() && shown().waits === "false";
    let lingers = false;

    // The rule of the server's `text::plain`: no terminal escapes, control characters or characters that cannot be seen.
    const plain = (text) =>
      String(text)
        .replace(/\u001b(?:\[[ -?]*[@-~]?)?/g, "")
        .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
        .replace(/[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, "");

    const part = (name, className, text) => {
      const node = document.createElement(name);
      if (className) node.className = className;
      node.textContent = plain(text);
      return node;
    };

    const append = (event) => {
      if (!Number.isInteger(event.seq) || event.seq <= after) return;
      after = event.seq;
      const level = ["warn", "error"].includes(event.level) ? event.level : "info";
      const line = document.createElement("li");
      line.className = level;
      line.dataset.seq = String(event.seq);
      const time = part("time", "", String(event.at).slice(11, 19));
      time.dateTime = String(event.at);
      time.title = `${String(event.at).slice(0, 19).replace("T", " ")} UTC`;
      line.append(time, " ", part("span", "source", `[${event.source}]`), " ");
      if (level !== "info") line.append(part("strong", "level", level), " ");
      line.append(part("span", "message", event.message));
      if (event.actor && event.actor.name) {
        line.append(" ", part("span", "by", `${event.actor.name} · ${event.actor.way || "api"}`));
      }
      // A reader who reads further up is not pulled down.
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 32;
      lines.append(line);
      if (atEnd) log.scrollTop = log.scrollHeight;
      const empty = document.getElementById("log-empty");
      if (empty) empty.hidden = true;
    };

    const facts = async () => {
      if (paused || ended) return;
      try {
        const page = await fetchPage();
        if (!page || paused) return;
        swap("facts", page);
        document.title = page.title;
        if (lingers) await afterwards();
      } catch {
        // The stream says whether the server is there.
      }
      if (!paused && !ended && !settled()) later("facts", FACTS_EVERY, facts);
    };

    // The stream is over and its last work is not: lines are asked for beside the facts.
    const afterwards = async () => {
      await poll();
      if (settled()) {
        end("everything is finished");
      } else if (!finished()) {
        // A retry started it again in between.
        lingers = false;
        connect();
      }
    };

    const over = () => {
      if (settled()) {
        end("everything is finished");
      } else {
        lingers = true;
        say("its last work is under way");
        later("facts", FACTS_EVERY, facts);
      }
    };

    const disconnect = () => {
      source?.close();
      source = null;
      stop("stream");
    };

    // What the stream may have missed; also the whole of it where something on the way does not let streams through.
    const poll = async () => {
      const answer = await fetch(`${events}?after=${after}&limit=200`, {
        cache: "no-store",
        credentials: "same-origin",
        signal: AbortSignal.timeout(10000),
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      for (const event of (await answer.json()).items) append(event);
    };

    const reconnect = async () => {
      disconnect();
      if (paused || ended) return;
      failures += 1;
      say("reconnecting…");
      later("stream", Math.min(1000 * 2 ** (failures - 1), LONGEST_WAIT), connect);
      await poll().catch(() => {});
      await facts();
    };

    const connect = () => {
      disconnect();
      if (paused || ended) return;
      const stream = new EventSource(`${events}/stream?after=${after}`);
      source = stream;
      stream.addEventListener("open", () => {
        failures = 0;
        say("live");
      });
      stream.addEventListener("message", (message) => {
        if (stream !== source) return;
        try {
          append(JSON.parse(message.data));
        } catch {
          return; // Not a line; the next one is.
        }
        later("facts", 300, facts);
      });
      stream.addEventListener("end", async () => {
        if (stream !== source) return;
        disconnect();
        stop("facts");
        await facts();
        if (finished()) {
          over();
        } else {
          // A retry started it again in between.
          later("stream", 1000, connect);
        }
      });
      // The browser would reconnect with the old `after`; ours knows the last line.
      stream.addEventListener("error", () => {
        if (stream === source) reconnect();
      });
    };

    const start = () => {
      if (finished()) {
        over();
        return;
      }
      say("connecting…");
      connect();
      later("facts", FACTS_EVERY, facts);
    };

    log.scrollTop = log.scrollHeight;
    return {
      start,
      look: facts,
      stop: () => {
        disconnect();
        stop("facts");
      },
    };
  };

  page = root.dataset.live === "list" ? list() : deployment();

  toggle.addEventListener("click", () => {
    paused = !paused;
    toggle.setAttribute("aria-pressed", String(paused));
    toggle.textContent = paused ? "Resume" : "Pause";
    if (paused) {
      page.stop();
      say("paused");
    } else {
      page.start();
      page.look();
    }
  });

  // A browser has six connections to a host over HTTP/1.1: a page in a hidden tab must not hold one of them.
  document.addEventListener("visibilitychange", () => {
    if (paused || ended) return;
    if (document.hidden) {
      page.stop();
    } else {
      page.start();
      page.look();
    }
  });
  // A page kept for the back button would hold its stream open.
  addEventListener("pagehide", () => page.stop());
  addEventListener("pageshow", (event) => {
    if (event.persisted && !paused && !ended) page.start();
  });

  bar.hidden = false;
  page.start();
})();
