/** The wall label beside the picture: what it was read as, and how surely. */

import { make } from "./elements.js";
import { nameOf, number, percent, text, years } from "./messages.js";
import { pigment } from "./timeline.js";

/** The classes of an answer, best first, each with its share and what people call it. */
export function ranking({ probabilities }, { classes }) {
  return Object.entries(probabilities)
    .map(([name, share]) => {
      const index = classes.findIndex((each) => each.name === name);
      return { name, share, index, label: nameOf(name, classes[index]?.label) };
    })
    .sort((one, other) => other.share - one.share);
}

/** The period, or plainly that it is not known. */
export function headline({ verdict, period, label }) {
  return text(`verdict.${verdict}`, { first: nameOf(period, label) });
}

/** How sure the model is and why, in one sentence. */
export function statement(answer, card) {
  const [first, second] = ranking(answer, card);
  return text(`statement.${answer.reason_code}`, {
    painting: percent(answer.painting ?? 0),
    first: first.label,
    share: percent(first.share),
    second: second.label,
    other: percent(second.share),
  });
}

/** All that the label says of an answer. */
export function describe(answer, card) {
  const sure = answer.verdict === "confident";
  return make(
    "div.answer",
    make("h2.verdict", headline(answer)),
    sure && make("p.years", years(answer.years)),
    make("p", statement(answer, card)),
    answer.date && answer.verdict !== "not_a_painting" && make("p.date", dated(answer.date)),
    !sure && [
      make("h3", text("help.title")),
      make("ul.help", text(`help.${answer.reason_code}`).split("|").map((each) => make("li", each))),
    ],
    bars(answer, card),
    make("p.small-print", smallPrint(answer)),
  );
}

function dated({ median, interval: [first, last], share }) {
  return text("date", { first, last, median, share: percent(share) });
}

/** All probabilities, in the model's order: that of time. */
export function bars(answer, card) {
  const caption = text(answer.verdict === "not_a_painting" ? "bars.refused" : "bars.title");
  return barTable(caption, ranking(answer, card), answer.period);
}

/** A table of classes with their shares, as bars and in words; `first` is set in bold. */
export function barTable(caption, shares, first) {
  const rows = shares.toSorted((one, other) => one.index - other.index);
  return make("table", make("caption", caption), make("tbody", rows.map((row) => barRow(row, first))));
}

function barRow({ name, index, label, share, words = percent(share) }, first) {
  return make(
    `tr.${pigment(index)}${name === first ? ".first" : ""}`,
    make("th", label, { scope: "row" }),
    make("td.track", make("span.bar", { style: `width: ${share * 100}%` })),
    make("td.share", words),
  );
}

function smallPrint({ model, image, timings_ms: { total } }) {
  const { format } = image;
  const [width, height, time] = [image.width, image.height, total].map(number);
  return `${text("print.model", model)}${text("print.image", { width, height, format, time })}`;
}
