// The sentences that the modules show, in the reader's language: what the
// page's catalogue has under "js." and "time.".
const words = JSON.parse(document.getElementById("words").textContent);

// t is the sentence with the key; {name} in it is replaced by values.name.
export function t(key, values = {}) {
  let text = words[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

// locale is the browser's own where it speaks the desk's language, so that days
// and hours look as its owner is used to; else the Dutch or the British one.
const lang = document.documentElement.lang;
export const locale = navigator.languages.find((one) => one.startsWith(`${lang}-`)) ?? { nl: "nl-NL", en: "en-GB" }[lang];
