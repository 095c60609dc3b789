/** Words, numbers and years in the person's language; messages.json has each sentence in both. */

const TAGS = { en: "en", zh: "zh-Hans" };
const REMEMBERED = "vasari.language";

const messages = await (await fetch(new URL("messages.json", import.meta.url))).json();
export let language = "en";

/** The language chosen before, else the first of the browser's that is spoken here. */
export function preferredLanguage() {
  const wished = [remembered() ?? "", ...navigator.languages].map((tag) => tag.split("-")[0]);
  return wished.find((tag) => tag in TAGS) ?? "en";
}

/** The language chosen before; one that is given is remembered. */
export function remembered(chosen) {
  try {
    if (chosen) localStorage.setItem(REMEMBERED, chosen);
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // storage is switched off
  }
}

/** Put a language into every element that names its words. */
export function speak(chosen) {
  language = chosen;
  document.documentElement.lang = TAGS[chosen];
  document.title = text("title");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
}

/** One message with its `{name}`s filled in; "" if there is none. */
export function text(key, values = {}) {
  const found = key.split(".").reduce((part, name) => part?.[name], messages);
  const words = found?.[Object.keys(TAGS).indexOf(language)] ?? "";
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** What people call a class: in this language, else in English, else by its bare name. */
export function nameOf(name, label) {
  return label?.[language] || label?.en || name;
}

/** A share as a percentage that never claims 0 % or 100 % of what is only nearly so. */
export function percent(share) {
  const format = (value) => value.toLocaleString(TAGS[language], { style: "percent" });
  if (share > 0 && share < 0.005) return `<${format(0.01)}`;
  if (share < 1 && share > 0.995) return `>${format(0.99)}`;
  return format(share);
}

export function number(value) {
  return Math.round(value).toLocaleString(TAGS[language]);
}

export function list(names) {
  return new Intl.ListFormat(TAGS[language]).format(names);
}

export function day(moment) {
  return new Date(moment).toLocaleDateString(TAGS[language], { dateStyle: "long" });
}

/** The years of a class, `[first, year after the last]` with null where open; "" if unknown. */
export function years(span) {
  const [first, until] = span ?? [null, null];
  if (first === null) return until === null ? "" : text("years.before", { until });
  return text(until === null ? "years.from" : "years.between", { first, until });
}
