// An answer by hand: copying the exact text, opening the post on the platform,
// recording where it stands, each on a key, and how long the approval lives.
import { t } from "./words.js";
import { bind } from "./keys.js";
import { toast } from "./swap.js";

const at = (id) => document.getElementById(id);

// copy puts exactly the approved text onto the clipboard, and says whether it did.
async function copy(button) {
  let done = false;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    done = true;
  } catch {
    done = copyFromField(); // a page without a secure context, or a person who said no
  }
  const words = t(done ? "byhand.copied" : "byhand.notcopied");
  at("hand-copied").textContent = words;
  if (!done) toast(words, "warning");
}

function copyFromField() {
  const field = at("hand-text");
  field.closest("details").open = true;
  field.focus();
  field.select();
  return document.execCommand("copy");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (button) copy(button);
});

// press acts on an element of the steps, where they are shown.
const press = (id, act) => () => {
  const step = at(id);
  if (!step) return false;
  step.scrollIntoView({ block: "center" });
  step.focus({ preventScroll: true });
  act?.(step);
  return true;
};

if (at("decision")) {
  bind("c", "hand", "copy", press("hand-copy", (button) => button.click()));
  bind("o", "hand", "there", press("hand-open", (link) => link.click()));
  bind("u", "hand", "address", press("hand-url"));
}

const two = (n) => String(n).padStart(2, "0");

function left(seconds) {
  if (seconds >= 3600) return t("byhand.hours", { h: Math.floor(seconds / 3600), m: two(Math.floor(seconds / 60) % 60) });
  if (seconds >= 600) return t("byhand.minutes", { n: Math.floor(seconds / 60) });
  return t("byhand.seconds", { m: Math.floor(seconds / 60), s: two(seconds % 60) });
}

function count() {
  const clock = at("hand-left");
  if (!clock) return;
  const seconds = Math.ceil((new Date(clock.dataset.countdown) - Date.now()) / 1000);
  const text = seconds > 0 ? clock.dataset.words.replace("{time}", left(seconds)) : clock.dataset.over;
  if (clock.textContent !== text) clock.textContent = text;
  clock.parentElement.classList.toggle("near", seconds < 600);
  if (seconds <= 0) document.querySelectorAll(".hand-steps button, .hand-steps input").forEach((step) => { step.disabled = true; });
}

function start() {
  const button = at("hand-copy");
  if (button) button.hidden = false;
  count();
}

start();
document.addEventListener("desk:swapped", (event) => { if (event.detail.ids.includes("decision")) start(); });
setInterval(count, 1000);
