/** The wall label beside the picture: what it was read as, and how surely. */

import { make } from "./elements.js";
import { nameOf, number, percent, text, years } from "./messages.js";
import { pigment } from "./timeline.js";

/** The classes of an answer, best first, each with what people call it. */
export function ranking({ probabilities }, { classes }) {
  return Object.entries(probabilities)
    .map(([name, probability]) => {
      const index = classes.findIndex((each) => each.name === name);
      return { name, probability, index, label: nameOf(name, classes[index]?.label) };
    })
    .sort((one, other) => other.probability - one.probability);
}

/** The period, or plainly that it is not known. */
export function headline(answer, card) {
  return text(`verdict.${answer.verdict}`, { first: ranking(answer, card)[0].label });
}

/** How sure the model is, in one sentence. */
export function statement(answer, card) {
  const [first, second] = ranking(answer, card);
  return text(`statement.${answer.verdict}`, {
    first: first.label,
    share: percent(first.probability),
    second: second.label,
    other: percent(second.probability),
  });
}

/** All that the label says of an answer. */
export function describe(answer, card) {
  const sure = answer.verdict === "confident";
  return make(
    "div.answer",
    make("h2.verdict", headline(answer, card)),
    sure && make("p.years", years(answer.years)),
    make("p", statement(answer, card)),
    !sure && [
      make("h3", text("help")),
      make("ul.help", text(`help.${answer.verdict}`).split("|").map((each) => make("li", each))),
    ],
    bars(answer, card),
    make("p.small-print", smallPrint(answer)),
  );
}

/** All probabilities as bars with numbers, in the model's order: that of time. */
export function bars(answer, card) {
  const rows = ranking(answer, card).map(({ index, label, probability }) => (
    { index, label, share: probability, words: percent(probability) }
  ));
  return barTable(text("bars"), rows, nameOf(answer.period, answer.label));
}

/** A table of shares: each with its class's index and label, and the number in words. */
export function barTable(caption, shares, first) {
  const rows = shares.toSorted((one, other) => one.index - other.index).map(({ index, label, share, words }) => {
    const bar = make("span.bar");
    bar.style.width = `${share * 100}%`;
    return make(
      `tr.${pigment(index)}${label === first ? ".first" : ""}`,
      make("th", label, { scope: "row" }),
      make("td.track", bar),
      make("td.share", words),
    );
  });
  return make("table", make("caption", caption), make("tbody", rows));
}

function smallPrint({ model, image, timings_ms: { total } }) {
  const { format } = image;
  const [width, height, time] = [image.width, image.height, total].map(number);
  return `${text("print.model", model)}${text("print.image", { width, height, format, time })}`;
}
