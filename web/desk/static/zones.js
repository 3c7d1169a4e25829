// Times that people fill in are in their own zone: beside each such field a
// hidden one (data-zone) says how far the zone is from UTC at that time.

function local(at) {
  const pad = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

// tellZone writes the distance from UTC that the zone has at the form's time,
// which differs from today's where the clock changes in between.
function tellZone(field) {
  const chosen = new Date(field.form?.querySelector("input[type=datetime-local]")?.value || Date.now());
  field.value = -(Number.isNaN(chosen.getTime()) ? new Date() : chosen).getTimezoneOffset();
}

function settle() {
  for (const field of document.querySelectorAll("input[data-at]")) {
    field.value = field.defaultValue = local(new Date(field.dataset.at));
    field.removeAttribute("data-at");
  }
  document.querySelectorAll("[data-zone]").forEach(tellZone);
  for (const name of document.querySelectorAll("[data-zone-name]")) name.textContent = new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function startZones() {
  settle();
  document.addEventListener("desk:swapped", settle);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("input[type=datetime-local]")) event.target.form?.querySelectorAll("[data-zone]").forEach(tellZone);
  });
}
