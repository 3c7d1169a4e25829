// Keeps relative times and response clocks current, and shows exact times in
// the reader's own zone.
import { t, lang } from "./words.js";

const months = { en: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", nl: "jan feb mrt apr mei jun jul aug sep okt nov dec" }[lang].split(" ");
const two = (n) => String(n).padStart(2, "0");
const day = (at) => `${at.getDate()} ${months[at.getMonth()]}`;
// exact is a time as the server writes it too; no browser makes it another one.
const exact = (at) => `${day(at)} ${at.getFullYear()}${lang === "nl" ? "" : ","} ${two(at.getHours())}:${two(at.getMinutes())}`;

function span(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("minutes", { n: minutes });
  if (minutes < 48 * 60) return t("hours", { n: Math.floor(minutes / 60) });
  return t("days", { n: Math.floor(minutes / 1440) });
}

function relative(at, sign) {
  const seconds = (sign * (Date.now() - at)) / 1000;
  if (seconds < 60) return t("now");
  if (seconds < 86400) return seconds < 3600 ? t("minutes", { n: Math.floor(seconds / 60) }) : t("hours", { n: Math.floor(seconds / 3600) });
  if (seconds < 7 * 86400) return t("days", { n: Math.floor(seconds / 86400) });
  return day(at);
}

function tell(el) {
  const at = new Date(el.dateTime);
  el.title = exact(at);
  const text = { ago: () => relative(at, 1), until: () => relative(at, -1), when: () => exact(at) }[el.dataset.time]();
  if (el.textContent !== text) el.textContent = text;
}

function wind(el) {
  const target = Number(document.body.dataset.target);
  const waited = (Date.now() - new Date(el.dataset.since)) / 1000;
  const late = waited >= target;
  const level = late ? "late" : waited >= target / 2 ? "near" : "calm";
  if (!el.classList.contains(level)) {
    el.classList.remove("calm", "near", "late");
    el.classList.add(level);
  }
  el.querySelector("circle + circle").setAttribute("stroke-dasharray", `${Math.min(100, Math.max(2, (100 * waited) / target))} 100`);
  const text = t(late ? "late" : "left", { time: span(Math.abs(target - waited)) });
  const label = el.querySelector(".clock-text");
  if (label.textContent !== text) label.textContent = text;
}

// tellTimes brings every time below root up to date.
export function tellTimes(root = document) {
  root.querySelectorAll("time[data-time]").forEach(tell);
  root.querySelectorAll(".clock[data-since]").forEach(wind);
}

export function watchTimes() {
  tellTimes();
  document.addEventListener("desk:swapped", () => tellTimes());
  setInterval(() => { if (!document.hidden) tellTimes(); }, 20_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tellTimes(); });
}
