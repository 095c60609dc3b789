/**
 *     files -> add() -> read(): upload.js asks the service -> drawStage(): timeline.js points
 *     at the period, stage.js hangs the picture below it, answer.js writes the label
 */

import { describe, headline, ranking, statement } from "./answer.js";
import { asCitation, asCsv, asCurl, asJson } from "./clippings.js";
import { compare } from "./comparison.js";
import { make } from "./elements.js";
import * as history from "./history.js";
import { language, preferredLanguage, remembered, speak, text } from "./messages.js";
import { cardFor, cardOf, showModels } from "./models.js";
import { explain } from "./problems.js";
import { showSimilar } from "./similar.js";
import { hang, settle } from "./stage.js";
import { drawRail } from "./timeline.js";
import { ask, send, shrink } from "./upload.js";

const AT_ONCE = 2;
const BUSY = ["waiting", "sending", "reading"];

const at = (id) => document.getElementById(id);
const [stage, label] = [at("stage"), at("label")];

let loaded = []; // models
let standard = { classes: [] }; // the default model's card
let shown = null;
let place = 0.5;
let working = 0;

// --- Pictures in ---

function add(files) {
  const added = [...files].map(history.add);
  if (added.length === 0) return;
  location.hash = "#read";
  route();
  look(added[0]);
  tell(text("state.reading"));
  work();
}

/** Read what waits, oldest first, a few at once. */
function work() {
  const next = history.entries.findLast(({ state }) => state === "waiting");
  if (!next || working === AT_ONCE) return;
  working += 1;
  read(next).finally(() => {
    working -= 1;
    work();
  });
  work();
}

async function read(entry) {
  entry.state = "sending";
  refresh(entry);
  try {
    entry.sent = at("shrink").checked ? await shrink(entry.file) : entry.file;
    entry.answer = await send(entry.sent, {
      signal: entry.abort.signal,
      onProgress: (share) => {
        entry.progress = share;
        if (share === 1) entry.state = "reading";
        refresh(entry);
      },
    });
    entry.card = await cardFor(entry.answer);
    entry.state = "answered";
    tell(`${entry.name}: ${headline(entry.answer)}. ${statement(entry.answer, entry.card)}`);
  } catch (error) {
    entry.state = error.name === "AbortError" ? "cancelled" : "failed";
    if (entry.state === "failed") entry.problem = error;
    tell(`${entry.name}: ${entry.problem ? explain(error) : text("state.cancelled")}`);
  }
  refresh(entry);
}

function cancel(entry) {
  entry.abort.abort();
  if (entry.state === "waiting") entry.state = "cancelled"; // else its read() ends and says so
  look(entry);
}

function again(entry) {
  Object.assign(entry, { abort: new AbortController(), state: "waiting", progress: 0, problem: null });
  look(entry);
  work();
}

async function askEveryModel(entry, button) {
  button.disabled = true;
  try {
    entry.comparison = (await send(entry.sent, { model: "all" })).predictions;
    await drawComparison();
    at("comparison").focus();
  } catch (problem) {
    tell(explain(problem));
    button.after(make("p.warning", explain(problem)));
  }
  button.disabled = false;
}

// --- What is shown ---

function tell(words) {
  at("status").textContent = words;
}

/** Show one picture of this visit, or the empty wall. */
function show(entry) {
  shown = entry;
  at("read").classList.toggle("empty", !entry);
  stage.hidden = !entry;
  at("similar").hidden = true;
  if (entry) drawStage();
  else drawRail(at("rail"), standard.classes);
  drawComparison();
  drawHistory();
}

/** Show a picture and take the person there. */
function look(entry) {
  show(entry);
  label.focus({ preventScroll: true });
  at("rail").scrollIntoView({ block: "nearest" });
}

function drawStage() {
  const { answer, card = standard } = shown;
  const pointed = { confident: 1, uncertain: 2 }[answer?.verdict] ?? 0;
  const marked = answer ? ranking(answer, card).slice(0, pointed).map(({ name }) => name) : [];
  const middle = drawRail(at("rail"), card.classes, marked, pointed ? answer.date : null);
  place = answer ? middle : 0.5;
  const decoded = hang(at("picture"), shown, card);
  label.replaceChildren(words(shown));
  showSimilar(at("similar"), answer, card);
  settle(stage, place);
  decoded.then(() => settle(stage, place));
}

/** An entry has changed: draw what of it is in sight. */
function refresh(entry) {
  if (entry.state !== "sending" || entry.progress === 0) drawHistory();
  if (entry !== shown) return;
  const bar = label.querySelector("progress");
  if (bar && BUSY.includes(entry.state)) {
    // Only figures change: focus stays where it is.
    label.querySelector("h2").textContent = text(`state.${entry.state}`);
    bar.value = entry.progress;
  } else {
    drawStage();
  }
}

/** The label's words for an entry's state. */
function words(entry) {
  const { answer, card = standard, problem, state } = entry;
  if (answer) return make("div", describe(answer, card), actions(entry));
  const head = make("h2", text(`state.${state}`));
  if (BUSY.includes(state)) {
    const bar = make("progress", { value: entry.progress, ariaLabel: text("state.sending") });
    return make("div", head, bar, press(text("state.cancel"), () => cancel(entry)));
  }
  const retry = press(text("state.again"), () => again(entry));
  if (!problem) return make("div", head, retry);
  const told = make("details", make("summary", text("problem.detail")), make("p", problem.detail, { lang: "en" }));
  return make("div", head, make("p", explain(problem)), problem.detail && told, retry);
}

function press(words, act) {
  return make("button", words, { onclick: (event) => act(event.target) });
}

function actions(entry) {
  const copied = make("div");
  const clip = (words, form) => press(words, async () => {
    const area = make("textarea", { readOnly: true, rows: 4, value: form(entry), ariaLabel: words });
    // Plain HTTP on a closed network has no clipboard.
    const done = await navigator.clipboard?.writeText(area.value).then(() => true, () => false);
    const told = text(done ? "copy.done" : "copy.by_hand");
    copied.replaceChildren(make("p.hint", told), area);
    area.select();
    tell(told);
  });
  return make(
    "div",
    loaded.length > 1 && entry.sent && press(text("compare.ask"), (button) => askEveryModel(entry, button)),
    make("h3", text("copy.title")),
    make("p.choices", clip(text("copy.citation"), asCitation), clip("JSON", asJson), clip("curl", asCurl)),
    copied,
  );
}

async function drawComparison() {
  const entry = shown;
  const cards = await Promise.all((entry?.comparison ?? []).map(cardFor));
  if (entry !== shown) return;
  at("comparison").hidden = cards.length === 0;
  if (cards.length > 0) compare(at("comparison"), entry.comparison, cards, entry.preview);
}

function drawHistory() {
  const section = at("history");
  const focused = [...section.querySelectorAll("button")].indexOf(document.activeElement);
  section.hidden = history.entries.length === 0;
  section.replaceChildren(
    make("h2", text("history.title")),
    make("p.hint", text("history.hint")),
    make("ul.strip", history.entries.map((entry) => make("li", tile(entry)))),
    make("p.choices", press(text("history.export"), exportAll), press(text("history.clear"), forgetAll)),
  );
  section.querySelectorAll("button")[focused]?.focus();
}

function exportAll() {
  const href = `data:text/csv;charset=utf-8,${encodeURIComponent(asCsv(history.entries.toReversed()))}`;
  make("a", { href, download: "vasari.csv" }).click();
}

function forgetAll() {
  history.forgetAll();
  show(null);
  at("choose").focus();
}

function tile(entry) {
  const { name, state, answer, preview } = entry;
  entry.small ??= make("img", { src: preview, alt: "", onerror: ({ target }) => { target.hidden = true; } });
  return make(
    "button.tile",
    entry.small,
    make("b", answer ? headline(answer) : text(`state.${state}`)),
    make("span.hint", name),
    { ariaCurrent: entry === shown ? "true" : null, onclick: () => look(entry) },
  );
}

// --- The person's hands ---

function listen() {
  for (const [button, input] of [[at("choose"), at("files")], [at("photograph"), at("camera")]]) {
    button.onclick = () => input.click();
    input.onchange = () => {
      add(input.files);
      input.value = ""; // the same picture may be chosen again
    };
  }
  const carry = (event, over) => {
    event.preventDefault();
    document.body.classList.toggle("hovered", over);
  };
  addEventListener("dragover", (event) => carry(event, true));
  addEventListener("dragleave", (event) => carry(event, event.relatedTarget !== null));
  addEventListener("drop", (event) => {
    carry(event, false);
    add(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => add(event.clipboardData.files));
  addEventListener("resize", () => shown && settle(stage, place));
  addEventListener("hashchange", async () => {
    await route();
    if (location.hash === "#models") at("models").querySelector("h1").focus();
  });
  at("language").onclick = () => {
    const other = language === "en" ? "zh" : "en";
    remembered(other);
    talk(other);
  };
}

/** Show the part of the page that the address names. */
async function route() {
  const models = location.hash === "#models";
  at("read").hidden = models;
  at("models").hidden = !models;
  for (const link of document.querySelectorAll("nav a")) {
    link.ariaCurrent = (link.hash === "#models") === models ? "page" : null;
  }
  if (models) await showModels(at("models"));
  else if (shown) settle(stage, place);
}

async function talk(chosen) {
  speak(chosen);
  at("language").textContent = text("language.other");
  at("language").lang = chosen === "en" ? "zh-Hans" : "en";
  show(shown);
  await route();
}

async function open() {
  listen();
  await talk(preferredLanguage());
  try {
    const { models } = await ask("models");
    loaded = models.filter((model) => model.loaded);
    standard = (await cardOf(loaded.find((model) => model.default))) ?? standard;
  } catch {
    // The first picture will say what is wrong.
  }
  show(shown);
  document.documentElement.dataset.ready = "true";
}

open();
