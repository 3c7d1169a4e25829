// What Plein's pages do beyond links and forms: count characters as the
// network does, keep times current, and swap in what changed. Without this
// module every page and form still works.

const timeline = document.getElementById("timeline");
const lang = document.documentElement.lang;
const graphemes = new Intl.Segmenter(lang, { granularity: "grapheme" });
const numbers = new Intl.NumberFormat(lang);

function count(area) {
  const out = area.form?.querySelector(".count");
  if (!out) return;
  const left = Number(area.dataset.most) - [...graphemes.segment(area.value)].length;
  out.textContent = area.value ? `${numbers.format(left)} ${out.dataset.left}` : "";
  out.classList.toggle("over", left < 0);
}
document.addEventListener("input", (e) => { if (e.target.dataset?.most) count(e.target); });
document.addEventListener("toggle", (e) => {
  if (e.target.open) e.target.querySelector("textarea")?.focus();
}, true);
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && e.target.matches?.("textarea")) e.target.form.requestSubmit();
});
document.querySelectorAll("textarea[data-most]").forEach(count);

function ago(at) {
  const minutes = Math.floor((Date.now() - at) / 60000);
  if (minutes < 1) return lang === "nl" ? "nu" : "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} ${lang === "nl" ? "u" : "h"}`;
  if (minutes < 10080) return `${Math.floor(minutes / 1440)} d`;
  return null;
}
setInterval(() => {
  for (const t of document.querySelectorAll(".when time")) {
    const text = ago(Date.parse(t.dateTime));
    if (text && text !== t.textContent) t.textContent = text;
  }
}, 20000);

// A thread in which somebody types, or has a form open, is left alone until
// they are done.
const busy = (el) => el.contains(document.activeElement) && document.activeElement.matches("textarea, input") || el.querySelector("details[open]");

let unseen = 0;
const fresh = document.getElementById("fresh");
function tell() {
  if (!fresh) return;
  fresh.hidden = unseen === 0;
  fresh.textContent = `↑ ${numbers.format(unseen)} ${fresh.dataset.words}`;
}
fresh?.addEventListener("click", () => { scrollTo({ top: 0 }); });
addEventListener("scroll", () => { if (scrollY < 200 && unseen) { unseen = 0; tell(); } }, { passive: true });

function merge(next) {
  const wanted = [...next.getElementById("timeline").children];
  const keep = new Set(wanted.map((el) => el.id));
  for (const old of [...timeline.children]) if (!keep.has(old.id) && !busy(old)) old.remove();
  let place = timeline.firstElementChild;
  for (const el of wanted) {
    const old = el.id && document.getElementById(el.id);
    if (!old) {
      el.classList.add("new");
      timeline.insertBefore(el, place);
      if (scrollY > 200) unseen++;
      continue;
    }
    let now = old;
    if (old.dataset.newest !== el.dataset.newest && !busy(old)) {
      const known = new Set([...old.querySelectorAll("article")].map((a) => a.id));
      for (const a of el.querySelectorAll("article")) if (!known.has(a.id)) a.classList.add("new");
      old.replaceWith(el);
      now = el;
    }
    if (now === place || now.previousElementSibling === place) place = now.nextElementSibling;
  }
  const faults = document.getElementById("faults"), newer = next.getElementById("faults");
  if (faults && newer && faults.innerHTML !== newer.innerHTML) faults.replaceWith(newer);
  tell();
}

let wanted = false, running = false;
async function refresh() {
  wanted = true;
  if (running) return;
  running = true;
  while (wanted) {
    wanted = false;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
      if (answer.ok) merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the stream tells when the network is back */ }
    await new Promise((done) => setTimeout(done, 700));
  }
  running = false;
}

if (timeline) {
  const sign = document.getElementById("live");
  const show = (on) => {
    sign.className = `live ${on ? "on" : "off"}`;
    sign.textContent = on ? sign.dataset.live : sign.dataset.offline;
  };
  const stream = new EventSource("/live");
  let opened = false;
  stream.addEventListener("open", () => { show(true); if (opened) refresh(); opened = true; });
  stream.addEventListener("error", () => show(false));
  stream.addEventListener("post", refresh);
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
}
