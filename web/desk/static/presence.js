// "Anna is replying": who of the colleagues is typing where. The inbox asks
// every few seconds while somebody uses it; one that nobody looks at or touches
// asks nothing, so that it costs nothing and its session can end.

const every = 10_000;
const idle = 5 * 60_000;
let used = Date.now();

function show(all) {
  for (const place of document.querySelectorAll("[data-replying]")) {
    const text = all[place.dataset.replying] ?? "";
    const words = place.querySelector(".replying-words");
    if (words.textContent !== text) words.textContent = text;
    place.hidden = text === "";
  }
}

async function ask() {
  if (!document.getElementById("panes")) return;
  if (document.hidden || Date.now() - used > idle) {
    show({});
    return;
  }
  try {
    const answer = await fetch("/replying", { headers: { Accept: "application/json", "Standpunt-Background": "1" } });
    show(answer.ok && !answer.redirected ? await answer.json() : {});
  } catch {
    show({}); // offline: nobody knows
  }
}

export function startPresence() {
  if (!document.getElementById("panes")) return;
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    addEventListener(kind, () => { used = Date.now(); }, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  setInterval(ask, every);
}
