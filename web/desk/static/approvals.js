// The approvals: the queue keeps itself current; a decision asks once more,
// opens to approval only after the text was read to its end, and shows at once
// what a colleague did to it. What somebody typed survives all of that.
import { t } from "./words.js";
import { whenChanged } from "./live.js";
import { peek, take, takeFrame, toast } from "./swap.js";
import { openDialog } from "./dialogs.js";

document.documentElement.classList.add("js");
const root = () => document.getElementById("decision");

// ---- The queue

document.addEventListener("change", (event) => {
  if (event.target.matches("#queue .filters select")) event.target.form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key !== "j" && event.key !== "k") return;
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
  next.focus();
  event.preventDefault();
});

async function refreshQueue() {
  const got = await peek(location.href);
  if (!got.page) return false;
  if (!got.ok || document.activeElement?.closest?.("#queue select")) return;
  const focused = document.activeElement?.getAttribute?.("href");
  take(got.page, ["queue", "queue-tabs"]);
  takeFrame(got.page, false);
  if (focused) document.querySelector(`[data-row][href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// ---- Reading to the end

// A text that fits on the screen is read once its end was in sight or above
// it. A longer one carries a mark at every half screen, and each has to come
// by: jumping to the end is not reading.
let unread = new Set();
let watcher;

function openGate() {
  const button = document.getElementById("approve");
  if (!button) return;
  const shut = unread.size > 0;
  button.disabled = shut;
  const gate = document.getElementById("gate");
  const [sentence, told] = [shut ? hint() : "", shut ? t("gate.closed") : ""];
  gate.hidden = !shut;
  if (gate.textContent !== sentence) gate.textContent = sentence;
  const aloud = document.getElementById("gate-told");
  if (aloud.textContent !== told) aloud.textContent = told;
}

// hint says how much of the text was not seen yet, and where it leads.
function hint() {
  const all = document.querySelectorAll("#decision [data-read]").length;
  return all > 1 ? t("gate", { n: Math.max(1, Math.round((100 * unread.size) / all)) }) : t("gate.end");
}

// showUnread goes to the first part that was not seen yet.
function showUnread() {
  const [first] = [...unread].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
  first?.scrollIntoView({ block: "center" });
  document.getElementById("post")?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#gate")) return;
  event.preventDefault();
  showUnread();
});

function markLongText(screen) {
  const post = document.getElementById("post");
  for (let y = screen / 2; post && post.offsetHeight > screen && y < post.offsetHeight; y += screen / 2) {
    const mark = document.createElement("i");
    mark.dataset.read = "";
    mark.style.top = `${y}px`;
    post.append(mark);
  }
}

function watchReading() {
  watcher?.disconnect();
  const main = document.getElementById("main");
  const bar = document.getElementById("acts")?.offsetHeight ?? 0;
  if (!document.querySelector("#post [data-read]")) markLongText(main.clientHeight - bar);
  unread = new Set(document.querySelectorAll("#decision [data-read]"));
  watcher = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) unread.delete(one.target);
    openGate();
  }, { root: main, rootMargin: `0px 0px -${bar}px 0px` });
  unread.forEach((end) => watcher.observe(end));
  openGate();
}

document.getElementById("main").addEventListener("scroll", () => {
  if (unread.size !== 1 || document.querySelector("#post [data-read]")) return;
  const [end] = unread;
  if (end.getBoundingClientRect().bottom > document.getElementById("main").getBoundingClientRect().top) return;
  unread.clear();
  openGate();
}, { passive: true });

// ---- Asking once more

function ask() {
  const button = document.getElementById("approve");
  if (!button) return;
  if (button.disabled) {
    showUnread();
    toast(hint(), "warning");
    return;
  }
  document.querySelectorAll("details.act[open]").forEach((act) => { act.open = false; });
  openDialog("approve-dialog");
  document.getElementById("approve-now")?.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-approve]")) {
    event.preventDefault();
    ask();
  } else if (form.matches("[data-decides]")) {
    if (form.dataset.sent) event.preventDefault(); // once is enough
    form.dataset.sent = "yes";
    for (const field of form.querySelectorAll("[data-draft]")) localStorage.removeItem(`draft:${document.body.dataset.person}:${field.dataset.draft}`);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.act[open]").forEach((act) => {
    act.open = false;
    act.querySelector("summary").focus();
  });
  if (event.key === "Enter" && event.repeat && event.target.closest("#approve-dialog")) event.preventDefault(); // keys held down confirm nothing
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  if (event.target.closest("dialog")) return;
  const form = event.target.closest("form.act-body");
  if (form) {
    event.preventDefault();
    if (!event.repeat) form.requestSubmit();
  } else if (root()) {
    event.preventDefault();
    if (!event.repeat) ask();
  }
});

// A panel of an act opens with its first field ready to type into.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.act[open]")) event.target.querySelector("textarea, input:not([type=hidden])")?.focus();
}, true);

// ---- What a colleague did meanwhile

const seenKey = () => `seen:${document.body.dataset.person}:${root().dataset.proposal}`;

function remember() {
  try {
    localStorage.setItem(seenKey(), root().dataset.revision);
  } catch {
    // The page then compares with the revision before.
  }
}

async function refreshDecision() {
  const old = root();
  const was = { digest: old.dataset.digest, state: old.dataset.state };
  const url = new URL(location.pathname, location.href);
  url.searchParams.set("since", firstSeen);
  const got = await peek(url);
  if (!got.page) return false;
  const fresh = got.page.getElementById("decision");
  if (!got.ok || !fresh) return;
  const moved = fresh.dataset.digest !== was.digest || fresh.dataset.state !== was.state;
  const typed = [...old.querySelectorAll("textarea:not([readonly]), input[type=url]")].filter((field) => field.value !== field.defaultValue);
  const open = [...old.querySelectorAll("details.act[open]")].map((act) => act.id);
  const goOn = whereOneIs();
  const asking = document.getElementById("approve-dialog")?.open;
  const read = unread.size === 0;
  take(got.page, ["decision"]);
  takeFrame(got.page, false);
  document.title = got.page.title;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  const lost = [];
  for (const field of typed) {
    const again = document.getElementById(field.id);
    if (again) again.value = field.value;
    else lost.push(field.value);
  }
  keepTyped(lost);
  goOn();
  watchReading();
  if (read && fresh.dataset.digest === was.digest) {
    unread.clear();
    openGate();
  }
  if (asking && !moved) openDialog("approve-dialog");
  if (moved) toast(t("changed"), asking ? "warning" : "done");
  remember();
}

// whereOneIs remembers where one is with the keyboard, and gives a function that goes on
// there, in the element that took the place of the old one.
function whereOneIs() {
  const { id, value, selectionStart, selectionEnd } = document.activeElement ?? {};
  return () => {
    const again = id && document.getElementById(id);
    if (!again) return;
    again.focus({ preventScroll: true });
    if (Number.isInteger(selectionStart) && again.value === value) again.setSelectionRange(selectionStart, selectionEnd);
  };
}

// keepTyped gives back what was typed into a form that is gone.
function keepTyped(lost) {
  const words = lost.filter((text) => text.trim() !== "");
  if (!words.length) return;
  const field = document.createElement("textarea");
  field.readOnly = true;
  field.rows = 3;
  field.value = words.join("\n\n");
  field.setAttribute("aria-label", t("changed"));
  document.getElementById("news").append(field);
}

let firstSeen = 0;

async function start() {
  if (document.getElementById("queue")) whenChanged((change) => change.kind.startsWith("proposal."), refreshQueue);
  if (!root()) return;
  firstSeen = Number(root().dataset.revision);
  watchReading();
  whenChanged((change) => change.subject === `proposal:${root()?.dataset.proposal}` || change.kind.startsWith("publishing."), refreshDecision);
  let known = 0;
  try {
    known = Number(localStorage.getItem(seenKey()) ?? 0);
  } catch {
    known = 0;
  }
  if (known > 0 && known < firstSeen && !new URL(location).searchParams.has("since")) {
    const newest = firstSeen;
    firstSeen = known;
    await refreshDecision();
    firstSeen = newest;
  }
  remember();
  document.addEventListener("desk:swapped", (event) => { if (event.detail.ids.includes("decision")) watchReading(); });
}

start();
