// Live changes. One stream per page, resumed by change number; the browser
// reconnects by itself and the top bar says how it stands. Each change is
// dispatched on document as "desk:change" with {kind, subject, ...} in detail;
// pages decide what to load anew.
import { t } from "./words.js";
import { peek, takeFrame } from "./swap.js";

const state = document.getElementById("connection");
const whileOffline = 5000; // from one try to the next, in ms

function tell(name) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  state.querySelector(".connection-word").textContent = t(name);
}

export function startLive() {
  let source;
  let again;
  const connect = () => {
    clearTimeout(again);
    source?.close();
    if (state.dataset.state !== "live") tell(navigator.onLine ? "connecting" : "offline");
    source = new EventSource(`/api/v1/events?after=${Number(document.body.dataset.change) - 1}`);
    source.onopen = () => {
      tell("live");
      document.dispatchEvent(new CustomEvent("desk:live"));
    };
    source.onerror = () => {
      tell(navigator.onLine ? "connecting" : "offline");
      if (source.readyState === EventSource.CLOSED) again = setTimeout(connect, whileOffline);
    };
    source.addEventListener("change", (event) => {
      const change = JSON.parse(event.data);
      document.body.dataset.change = Math.max(change.number + 1, Number(document.body.dataset.change));
      document.dispatchEvent(new CustomEvent("desk:change", { detail: change }));
    });
  };
  addEventListener("offline", () => tell("offline"));
  addEventListener("online", connect);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
  // What stands around every page: the badges, whether publishing is stopped, and posts from outside.
  // The inbox has both with its panes. Desks ask at different moments, so that
  // one change does not bring all of them to the server at once.
  whenChanged((change) => /^(proposal\.|publishing\.|account\.(published_outside|explained)$)/.test(change.kind) && !document.getElementById("panes"), async () => {
    const { page, ok } = await peek("/waiting");
    if (!page) return false;
    if (ok && page.body.dataset.person === document.body.dataset.person) takeFrame(page, false);
  }, 500 + 1000 * Math.random());
}

// whenChanged calls run when changes match: soon, one at a time, at most once
// per pause (in ms), and not while nobody can see the page. A run that gives false
// got no answer: it is taken up again until one does. It gives a function that asks
// for the same without a change.
export function whenChanged(matches, run, pause = 600) {
  let timer;
  let running = false;
  let more = false;
  const fire = async () => {
    timer = undefined;
    if (running || document.hidden) {
      more = true;
      return;
    }
    running = true;
    let offline = false;
    try {
      offline = (await run()) === false;
    } finally {
      running = false;
      if (more || offline) {
        more = false;
        timer ??= setTimeout(fire, offline ? whileOffline : pause);
      }
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !more || timer) return;
    more = false;
    timer = setTimeout(fire, 50);
  });
  const ask = () => { timer ??= setTimeout(fire, pause); };
  document.addEventListener("desk:change", (event) => { if (matches(event.detail)) ask(); });
  return ask;
}
