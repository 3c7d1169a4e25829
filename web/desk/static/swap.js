// Fetch and swap: links and forms with data-swap="ID ..." replace the elements
// with those ids by what the answer has under the same ids. The address bar
// always names what is shown, so back, reload and sending the link work.
//
// When the server took a form, "desk:taken" is dispatched with it in
// detail.form. After a swap "desk:swapped" is dispatched on document with the ids in
// detail.ids; modules that look after something inside a pane listen for it.
import { t } from "./words.js";

const parser = new DOMParser();
const bar = document.createElement("div");
bar.className = "progress";
document.body.append(bar);
let latest = 0;

// load fetches a page and gives it with the address where it was found.
export async function load(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" }, ...options });
  return { page: parser.parseFromString(await answer.text(), "text/html"), url: answer.url, ok: answer.ok };
}

// peek is load for what the page asks by itself: it does not count as use of
// the session, so that a forgotten desk signs out. Where the connection breaks it
// gives an object without a page.
export function peek(url) {
  return load(url, { headers: { Accept: "text/html", "Standpunt-Background": "1" } }).catch(() => ({}));
}

// take puts the elements with the ids from page into the document. Ids that
// one of both does not have are left alone.
export function take(page, ids) {
  const focused = document.activeElement?.id;
  const done = [];
  for (const id of ids) {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (!old || !fresh) continue;
    const scrolled = old.scrollTop;
    old.replaceWith(document.adoptNode(fresh));
    if (fresh.hasAttribute("data-keep-scroll")) fresh.scrollTop = scrolled;
    done.push(id);
  }
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("desk:swapped", { detail: { ids: done } }));
  return done;
}

// takeFrame brings what stands around the panes up to date: the badges, the bars
// and the toasts.
export function takeFrame(page, withToasts = true) {
  for (const id of ["waiting", "stopbar", "outsidebar", "outside-rail", "outside-tab"]) {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (old && fresh && old.outerHTML !== fresh.outerHTML) old.replaceWith(document.adoptNode(fresh));
  }
  const change = Number(page.body.dataset.change);
  if (change > Number(document.body.dataset.change)) document.body.dataset.change = change;
  if (withToasts) page.querySelectorAll("[data-toast]").forEach((toast) => show(document.adoptNode(toast)));
}

const shows = (page, ids) => ids.some((id) => page.getElementById(id));

// go shows the page at url by swapping ids; the whole page where it has none. A
// form that was refused with a page of another kind leaves everything as it
// is, and says why.
export async function go(url, ids, { push = true, focus, options, taken } = {}) {
  const mine = ++latest;
  bar.classList.add("busy");
  document.dispatchEvent(new CustomEvent("desk:leaving", { detail: { ids } }));
  try {
    const got = await load(url, options);
    if (mine !== latest) return false;
    if (got.page.body.dataset.person !== document.body.dataset.person) {
      // Signed out. What was typed is kept on this device and comes back after signing in.
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
      return false;
    }
    if (!shows(got.page, ids)) {
      if (options?.method === "POST" && !got.ok) toast(got.page.getElementById("trouble")?.textContent.replace(/\s+/g, " ").trim() || t("failed"), "warning");
      else location.assign(got.url);
      return false;
    }
    document.title = got.page.title;
    document.body.className = got.page.body.className;
    if (got.ok && taken) document.dispatchEvent(new CustomEvent("desk:taken", { detail: { form: taken } }));
    const at = new URL(got.url);
    if (got.ok && push && at.href !== location.href) history.pushState({ ids }, "", at);
    take(got.page, ids);
    takeFrame(got.page);
    if (!got.ok) document.getElementById("trouble")?.focus();
    else if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    return got.ok;
  } catch (error) {
    if (error.name === "AbortError") return false;
    toast(t(options?.method === "POST" ? "sent" : "failed"), "warning");
    return false;
  } finally {
    if (mine === latest) bar.classList.remove("busy");
  }
}

// send posts a form and swaps what it names. A button that sends it elsewhere
// only prepares it: nothing was taken, and the address stays.
export function send(form, button) {
  const all = new FormData(form, button);
  const body = button?.formEnctype === "multipart/form-data" ? all : new URLSearchParams([...all].filter(([, value]) => typeof value === "string"));
  const ids = form.dataset.swap.split(" ");
  const aside = button?.hasAttribute("formaction");
  return go(aside ? button.formAction : form.action, ids, {
    focus: aside ? button.id : form.dataset.focus, push: !aside, taken: aside ? undefined : form, options: { method: "POST", body },
  });
}

function show(toast) {
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), 9000);
}

// toast tells something for a few seconds.
export function toast(text, kind = "done") {
  const el = document.createElement("div");
  el.className = `toast toast-${kind}`;
  el.dataset.toast = "";
  el.innerHTML = `<span></span><button class="bare" type="button" data-dismiss aria-label="${t("dismiss")}"><svg class="icon" aria-hidden="true"><use href="#i-close"/></svg></button>`;
  el.firstChild.textContent = text;
  show(el);
  return el;
}

function plain(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented;
}

export function startSwapping() {
  document.querySelectorAll("[data-toast]").forEach((el) => setTimeout(() => el.remove(), 9000));
  document.addEventListener("click", (event) => {
    event.target.closest?.("[data-dismiss]")?.closest("[data-toast]").remove();
    const link = event.target.closest?.("a[data-swap]");
    if (!link || !plain(event)) return;
    event.preventDefault();
    go(link.href, link.dataset.swap.split(" "), { focus: link.dataset.focus });
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-swap]") || event.defaultPrevented) return;
    event.preventDefault();
    form.closest("dialog")?.close();
    if (form.method === "get") {
      const url = new URL(form.action);
      url.search = new URLSearchParams(new FormData(form));
      go(url, form.dataset.swap.split(" "), { focus: form.dataset.focus });
      return;
    }
    const button = event.submitter;
    if (button?.ariaBusy === "true") return;
    if (button) button.ariaBusy = "true";
    send(form, button).finally(() => { if (button) button.ariaBusy = null; });
  });
  history.replaceState({ ids: null }, "");
  addEventListener("popstate", () => {
    const panes = [...document.querySelectorAll("[data-pane]")].map((el) => el.id);
    if (panes.length) go(location.href, panes, { push: false });
    else location.reload();
  });
}
