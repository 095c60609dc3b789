/** What is loaded, what each model is good for, and what was refused. */

import { barTable } from "./answer.js";
import { make } from "./elements.js";
import { list, nameOf, number, percent, text } from "./messages.js";
import { explain } from "./problems.js";
import { address, ask } from "./upload.js";

const cards = new Map();

/** The card of one version, asked for once; null where there is none to be had. */
export function cardOf({ name, version }) {
  const path = `models/${name}/${version}`;
  if (!cards.has(path)) {
    const card = ask(path).catch(() => {
      cards.delete(path); // ask again, another time
      return null;
    });
    cards.set(path, card);
  }
  return cards.get(path);
}

/** The card of the model that gave an answer, or what the answer itself tells of it. */
export async function cardFor({ model, probabilities, period, label, years }) {
  const told = (name) => (name === period ? { name, label, years } : { name });
  return (await cardOf(model)) ?? { classes: Object.keys(probabilities).map(told) };
}

/** Draw the page of models. */
export async function showModels(page) {
  const parts = [make("h1", text("models.title"), { tabIndex: -1 })];
  try {
    const { models, refused } = await ask("models");
    parts.push(...(await Promise.all(models.filter(({ loaded }) => loaded).map(describe))));
    if (refused.length > 0) parts.push(make("h2", text("models.refused")), make("dl", refused.map(refusal)));
  } catch (problem) {
    parts.push(make("p.warning", explain(problem)));
  }
  page.replaceChildren(...parts);
}

function refusal({ name, version, reason }) {
  return [make("dt", text("models.heading", { name, version })), make("dd", reason, { lang: "en" })];
}

async function describe(model) {
  const { name, version } = model;
  const card = await cardOf(model);
  const href = address(`models/${name}/${version}/report`);
  return make(
    "article.model",
    make("h2", text("models.heading", model)),
    make("p.hint", text("models.loaded", model), model.default && text("models.default")),
    make("p", model.description, { lang: "en" }),
    card && facts(card),
    card?.files["report.html"] && make("p", make("a", text("models.report", model), { href })),
  );
}

function facts({ classes, metrics, data, limitations, thresholds, references, dating }) {
  const measured = metrics.test ?? Object.values(metrics)[0];
  const unknown = () => make("p", text("models.unknown"));
  return make(
    "div.facts",
    make(
      "div",
      make("h3", text("models.trained")),
      data ? training(data) : unknown(),
      references && make("p", text("models.references", { count: number(references.works) })),
      make("h3", text("models.limits")),
      limitations.length > 0
        ? make("ul.help", limitations.map((each) => make("li", each)), { lang: "en" })
        : unknown(),
    ),
    make(
      "div",
      make("h3", text("models.quality")),
      measured ? quality(classes, measured) : unknown(),
      make("p", text("models.threshold", { share: percent(thresholds.confident) })),
      thresholds.painting !== null && make("p", text("models.painting")),
      dating?.mean_absolute_error && make("p", text("models.dating", { years: number(dating.mean_absolute_error) })),
    ),
  );
}

function training({ counts, sources }) {
  const [train, validation, test] = ["train", "validation", "test"].map((split) => (
    number(Object.values(counts[split] ?? {}).reduce((sum, each) => sum + each, 0))
  ));
  const named = Object.entries(sources).map(([source, count]) => `${source} (${number(count)})`);
  return [
    make("p", text("models.pictures", { train, validation, test })),
    named.length > 0 && make("p", text("models.sources", { sources: list(named) })),
  ];
}

function quality(classes, { balanced_accuracy: overall, pictures, recall }) {
  const range = ({ low, high }) => `${percent(low)}–${percent(high)}`;
  const rows = classes.flatMap(({ name, label }, index) => {
    const found = recall[name];
    const words = () => `${percent(found.value)} (${range(found)})`;
    return found ? { name, index, label: nameOf(name, label), share: found.value, words: words() } : [];
  });
  const values = {
    share: percent(overall.value),
    range: range(overall),
    count: number(pictures),
    chance: percent(1 / classes.length),
  };
  return [make("p", text("models.overall", values)), barTable(text("models.recalls"), rows)];
}
