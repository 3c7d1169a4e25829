// The sentences that the modules show, in the reader's language: what the
// page's catalogue has under "js." and "time.".
const words = JSON.parse(document.getElementById("words").textContent);

// t is the sentence with the key; {name} in it is replaced by values.name.
export function t(key, values = {}) {
  let text = words[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

// lang is the language of the page: "en" or "nl".
export const lang = document.documentElement.lang;
