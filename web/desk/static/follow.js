// Pages that follow what happens. An element with an id and with
// data-live="WHAT ..." is kept as the server would show it now: WHAT is the
// beginning of a change's kind ("person."), the subject of changes
// ("proposal:ID") or "*" for all of them. With data-every="SECONDS" the page
// asks again without a change, too. It asks where data-at says, else at its own
// address. An empty data-live says that another module follows.
//
// Only what differs is touched: what somebody typed or unfolded, what they
// read and where they are with the keyboard stays. "desk:followed" is
// dispatched on document afterwards.
import { t } from "./words.js";
import { peek, takeFrame, toast } from "./swap.js";
import { whenChanged } from "./live.js";
import { tellTimes } from "./times.js";

const panes = () => [...document.querySelectorAll('[data-live]:not([data-live=""])')];
const concerns = (pane, change) => pane.dataset.live.split(" ").some((what) =>
  what === "*" || (what.includes(":") ? change.subject === what : change.kind.startsWith(what)));

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key : undefined);
// What the page has as the answer to a form, or was given to keep, no other answer takes away.
const kept = (node) => node?.nodeType === Node.ELEMENT_NODE && node.matches(".trouble, [data-keep]");

const texts = "textarea, input:not([type=hidden], [type=password], [type=checkbox], [type=radio])";

// drop removes a node; what was typed into it is added to lost.
function drop(node, lost) {
  if (node.nodeType === Node.ELEMENT_NODE) {
    const fields = [...node.querySelectorAll(texts), ...(node.matches(texts) ? [node] : [])];
    for (const field of fields) if (field.value.trim() !== "" && field.value !== field.defaultValue) lost.push(field.value);
  }
  node.remove();
}

function matchAttributes(old, fresh, typed) {
  const own = (name) => (name === "open" && old.nodeName === "DETAILS") ||
    (typed && old.matches("input:not([type=hidden]), option") && ["value", "checked", "selected"].includes(name));
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !own(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !own(name)) old.setAttribute(name, value);
}

// match makes old like fresh. Children with an id or a data-key are the same
// ones wherever they stand; others are compared in their order. Where typed is
// true, what stands in fields came from a person and not from the server.
function match(old, fresh, typed, lost) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  matchAttributes(old, fresh, typed);
  if (old.nodeName === "TEXTAREA") {
    if (!typed && old.defaultValue !== fresh.defaultValue) old.defaultValue = fresh.defaultValue;
    return;
  }
  const coming = new Set([...fresh.children].map(keyOf));
  for (const child of [...old.children]) if (keyOf(child) && !coming.has(keyOf(child)) && !kept(child)) drop(child, lost);
  const keyed = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    while (kept(at)) at = at.nextSibling;
    const key = keyOf(next);
    const same = key ? keyed.get(key) : at && !keyOf(at) && at.nodeName === next.nodeName ? at : undefined;
    if (!same || same.nodeName !== next.nodeName) {
      old.insertBefore(document.adoptNode(next), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    match(same, next, typed, lost);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    if (!kept(gone)) drop(gone, lost);
  }
}

// giveBack shows what was typed into a form that is gone.
function giveBack(pane, lost) {
  if (!lost.length) return;
  const field = document.createElement("textarea");
  field.readOnly = true;
  field.rows = 3;
  field.value = field.defaultValue = lost.join("\n\n");
  field.setAttribute("aria-label", t("changed"));
  const place = document.createElement("div");
  place.className = "typed";
  place.dataset.keep = "";
  place.append(field);
  pane.append(place);
  toast(t("changed"), "warning");
}

// follow brings one element up to date.
function follow(pane, fresh) {
  const lost = [];
  const focused = document.activeElement;
  match(pane, fresh, Boolean(pane.querySelector(".trouble")), lost);
  giveBack(pane, lost);
  if (document.activeElement === document.body && focused?.isConnected) focused.focus({ preventScroll: true });
  tellTimes(pane);
}

async function refresh() {
  const shown = location.href;
  const at = panes().find((pane) => pane.dataset.at)?.dataset.at ?? shown;
  const got = await peek(at);
  if (!got.page) return false;
  if (!got.ok || shown !== location.href || got.page.body.dataset.person !== document.body.dataset.person) return;
  takeFrame(got.page, false);
  for (const pane of panes()) {
    const fresh = got.page.getElementById(pane.id);
    if (fresh) follow(pane, fresh);
  }
  document.dispatchEvent(new CustomEvent("desk:followed"));
}

export function startFollowing() {
  // Desks ask at different moments, so that one change does not bring all of them at once.
  const ask = whenChanged((change) => panes().some((pane) => concerns(pane, change)), refresh, 500 + 500 * Math.random());
  const every = Math.min(...panes().map((pane) => Number(pane.dataset.every)).filter(Boolean));
  if (Number.isFinite(every)) setInterval(ask, every * 1000);
}
