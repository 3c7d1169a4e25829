// The inbox: keys, selection, paging, and live changes that never move what
// somebody reads.
import { t } from "./words.js";
import { bind } from "./keys.js";
import { go, load, peek, send, take, takeFrame } from "./swap.js";
import { tellTimes } from "./times.js";
import { whenChanged } from "./live.js";

const $ = (id) => document.getElementById(id);
const links = () => [...document.querySelectorAll("#rows .conv-link")];
const onPage = () => Boolean($("panes"));
const opened = () => $("thread")?.dataset.id;
const panes = ["views", "list", "thread", "context"];

// focusedRow is the row that keys act on: the focused one, else the open one.
function focusedRow() {
  return document.activeElement?.closest?.(".conv") ?? document.querySelector(".conv.current");
}

function move(step) {
  const all = links();
  if (!all.length) return false;
  const at = all.indexOf(focusedRow()?.querySelector(".conv-link"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  if (at + step >= all.length - 3) $("more")?.click();
  return true;
}

// markCurrent keeps the list in step with the conversation in the thread.
function markCurrent() {
  const id = opened();
  $("panes").classList.toggle("has-open", Boolean(id));
  document.querySelectorAll(".conv").forEach((row) => {
    const current = row.dataset.id === id;
    row.classList.toggle("current", current);
    const link = row.querySelector(".conv-link");
    if (current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
}

function chosen() {
  const picked = [...document.querySelectorAll(".pick input:checked")].map((box) => box.value);
  if (picked.length) return picked;
  const row = focusedRow();
  const id = row?.dataset.id ?? opened();
  return id ? [id] : [];
}

// act triages without leaving the keyboard, by the same form as the buttons.
function act(fields) {
  const ids = chosen();
  if (!ids.length || !$("bulk")?.querySelector(".bulkbar")) return false;
  const form = document.createElement("form");
  form.action = "/inbox/triage";
  form.dataset.swap = panes.join(" ");
  const focus = document.activeElement?.id;
  if (focus) form.dataset.focus = focus;
  const add = (name, value) => {
    const input = document.createElement("input");
    input.name = name;
    input.value = value;
    form.append(input);
  };
  add("back", location.pathname + location.search);
  ids.forEach((id) => add("id", id));
  Object.entries(fields).forEach(([name, value]) => add(name, value));
  send(form);
  return true;
}

function openMenu(id) {
  const show = () => {
    const menu = $(id);
    if (!menu) return;
    menu.open = true;
    menu.querySelector("button, input:not([type=hidden])")?.focus();
  };
  const row = focusedRow();
  if (document.querySelector(".pick input:checked")) {
    const more = document.querySelector("[data-bulk-more]");
    more.open = true;
    more.querySelector("select, input, button")?.focus();
  } else if (row && row.dataset.id !== opened()) {
    go(row.querySelector(".conv-link").href, ["thread", "context"]).then((ok) => ok && show());
  } else show();
}

function write(fold, field) {
  const show = () => {
    const place = $(fold);
    if (!place) return;
    place.open = true;
    $(field).focus();
    $(field).scrollIntoView({ block: "nearest" });
  };
  const row = focusedRow();
  if (row && row.dataset.id !== opened()) {
    go(row.querySelector(".conv-link").href, ["thread", "context"]).then((ok) => ok && show());
    return true;
  }
  if (!opened()) return false;
  show();
  return true;
}

function resolveOrReopen() {
  const picked = document.querySelector(".pick input:checked");
  const row = focusedRow();
  const form = $("do-resolve");
  if (!picked && form && (!row || row.dataset.id === opened())) {
    form.requestSubmit(form.querySelector("button"));
    return true;
  }
  return act({ do: "resolve" });
}

function bindKeys() {
  bind("j", "list", "down", () => move(1));
  bind("k", "list", "up", () => move(-1));
  bind("Enter", "list", "open", () => false); // the focused link opens by itself
  bind("x", "list", "select", () => {
    const box = focusedRow()?.querySelector(".pick input");
    if (!box) return false;
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  });
  bind("t", "list", "take", () => { document.querySelector("[data-take]")?.closest("form").requestSubmit(); });
  bind("r", "thread", "reply", () => write("reply-fold", "reply"));
  bind("n", "thread", "note", () => write("note-fold", "note"));
  bind("a", "thread", "mine", () => act({ do: "mine" }));
  bind("l", "thread", "label", () => openMenu("menu-labels"));
  bind("p", "thread", "priority", () => openMenu("menu-priority"));
  bind("e", "thread", "resolve", resolveOrReopen);
  bind("z", "thread", "snooze", () => openMenu("menu-snooze"));
}

// Selection

function countSelection() {
  const n = document.querySelectorAll(".pick input:checked").length;
  const count = $("bulk-count");
  if (count) count.textContent = t("selected", { n });
}

// Paging: the "older" link loads what comes next when it comes into sight.

let loading = false;
async function more(link) {
  if (loading) return;
  loading = true;
  link.ariaBusy = "true";
  try {
    const { page, ok } = await load(link.href);
    if (!ok) throw new Error("not loaded");
    for (const row of [...page.querySelectorAll("#rows > li")]) if (!$(row.id)) $("rows").append(document.adoptNode(row));
    const next = page.getElementById("more");
    if (next) link.closest(".more").replaceWith(document.adoptNode(next.closest(".more")));
    else link.closest(".more").remove();
    watchEnd();
    tellTimes($("rows"));
  } catch {
    link.ariaBusy = null; // it is a link: pressing it tries again
  } finally {
    loading = false;
  }
}

let sight;
function watchEnd() {
  sight?.disconnect();
  const link = $("more");
  if (!link) return;
  sight = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) more(link); }, { root: $("list-scroll"), rootMargin: "400px" });
  sight.observe(link);
}

// Live changes

let fresh = 0; // rows that came on top
let moved = 0; // rows that belong higher up now, and wait where they are read

function tellNew() {
  const pill = $("list-new");
  if (!pill) return;
  pill.hidden = fresh + moved === 0;
  pill.textContent = t("new", { n: fresh + moved });
}

// risen is how many of the rows in the page the incoming order has higher up.
function risen(incoming) {
  const places = new Map([...$("rows").children].map((row, place) => [row.id, place]));
  const known = incoming.map((row) => places.get(row.id)).filter((place) => place !== undefined);
  return known.filter((place, i) => known.slice(i + 1).some((later) => later < place)).length;
}

async function showNew() {
  if (moved) {
    const { page, ok } = await load(location.href).catch(() => ({}));
    if (ok) take(page, ["list"]);
  }
  $("list-scroll").scrollTo({ top: 0 });
  fresh = 0;
  moved = 0;
  tellNew();
}

// mergeRows updates rows in place and puts new ones on top, scrolled so that
// what is in sight stays where it is.
function mergeRows(page) {
  const rows = $("rows");
  const scroll = $("list-scroll");
  const incoming = [...page.querySelectorAll("#rows > li")];
  if (!rows.children.length) {
    if (incoming.length) take(page, ["list"]);
    return;
  }
  const before = scroll.scrollHeight;
  const at = scroll.scrollTop;
  moved = risen(incoming);
  let anchor = rows.firstElementChild;
  for (const row of incoming) {
    const old = $(row.id);
    if (old) {
      const box = old.querySelector(".pick input");
      const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
      if (box?.checked) row.querySelector(".pick input")?.setAttribute("checked", "");
      const live = document.adoptNode(row);
      if (anchor === old) anchor = live;
      old.replaceWith(live);
      if (focused) $(focused)?.focus({ preventScroll: true });
      continue;
    }
    if (incoming.indexOf(row) > 0 && !anchor) continue;
    const live = document.adoptNode(row);
    live.classList.add("fresh");
    rows.insertBefore(live, anchor);
    fresh++;
  }
  const grown = scroll.scrollHeight - before;
  if (grown > 0) scroll.scrollTop = at + grown;
  if (scroll.scrollTop < 8) fresh = 0;
  tellNew();
}

const same = (a, b) => a && b && a.innerHTML === b.innerHTML;

function mergeThread(page) {
  const now = page.getElementById("thread");
  if (!opened() || now?.dataset.id !== opened()) return;
  const scroll = $("thread-scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  const counted = $("items").children.length;
  const ids = ["items", "pending"].filter((id) => !same($(id), page.getElementById(id)));
  if (!document.querySelector("#thread-head details[open]") && !same($("thread-head"), page.getElementById("thread-head"))) ids.push("thread-head");
  const reply = $("reply");
  const foot = page.getElementById("foot");
  const later = $("not-before");
  const touched = $("composer")?.hasAttribute("data-unsaved") || [reply, later].some((field) => field && (field.value !== field.defaultValue || document.activeElement === field));
  const note = $("note");
  if ($("foot") && foot && !touched && !note?.value && $("composer")?.dataset.digest !== page.getElementById("composer")?.dataset.digest) ids.push("foot");
  if (ids.length) take(page, ids);
  $("thread").dataset.state = now.dataset.state;
  if (atEnd && $("items").children.length > counted) scroll.scrollTop = scroll.scrollHeight;
}

async function refresh() {
  if (!onPage()) return;
  const url = location.href;
  const { page, ok } = await peek(url);
  if (url !== location.href) return refresh(); // one opened another conversation meanwhile
  if (!page) return false;
  if (!ok || page.body.dataset.person !== document.body.dataset.person) return;
  takeFrame(page, false);
  if (!$("views").contains(document.activeElement)) take(page, ["views"]);
  mergeThread(page);
  if (!same($("context"), page.getElementById("context"))) take(page, ["context"]);
  mergeRows(page);
  markCurrent();
  tellTimes();
}

const concerns = ["inbox.", "conversation.", "proposal.", "publishing.", "account."];

// settle looks after the panes once they were put into the page.
function settle(scrollToEnd) {
  if (!onPage()) return;
  markCurrent();
  countSelection();
  watchEnd();
  if (scrollToEnd && $("thread-scroll")) $("thread-scroll").scrollTop = $("thread-scroll").scrollHeight;
}

export function startInbox() {
  if (!onPage()) return;
  bindKeys();
  let shown = opened();
  settle(true);
  document.addEventListener("desk:swapped", (event) => {
    if (event.detail.ids.includes("list")) {
      fresh = 0;
      moved = 0;
      tellNew();
    }
    const other = opened() !== shown;
    shown = opened();
    settle(other && event.detail.ids.includes("thread"));
  });
  document.addEventListener("change", (event) => { if (event.target.matches?.(".pick input")) countSelection(); });
  document.addEventListener("click", (event) => {
    const target = event.target;
    const link = target.closest?.("[data-more]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      more(link);
    }
    if (target.closest?.("[data-unselect]")) {
      document.querySelectorAll(".pick input:checked").forEach((box) => { box.checked = false; });
      countSelection();
    }
    if (target.closest?.("#list-new")) showNew();
  });
  document.addEventListener("scroll", (event) => {
    if (event.target.id === "list-scroll" && event.target.scrollTop < 8 && fresh) {
      fresh = 0;
      tellNew();
    }
  }, { capture: true, passive: true });
  whenChanged((change) => concerns.some((one) => change.kind.startsWith(one)), refresh);
}
