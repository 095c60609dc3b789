/** One picture through every loaded model, side by side. */

import { bars, headline, statement } from "./answer.js";
import { make } from "./elements.js";
import { paint } from "./heatmap.js";
import { list, nameOf, text } from "./messages.js";

const said = ({ verdict, period, label }) => (
  verdict === "not_a_painting" ? text("verdict.not_a_painting") : nameOf(period, label)
);

/** Show the models' answers; those that differ from what most say are marked. */
export function compare(section, answers, cards, preview) {
  const votes = Map.groupBy(answers, said);
  const most = Math.max(...[...votes.values()].map(({ length }) => length));
  const leaders = [...votes.keys()].filter((words) => votes.get(words).length === most);
  const told = [...votes].map(([words, { length }]) => `${words} (${length})`);
  const agreed = votes.size === 1;
  section.replaceChildren(
    make("h2", text("compare.title")),
    make(agreed ? "p" : "p.warning", text(agreed ? "compare.agreed" : "compare.disagreed", { votes: list(told) })),
    make(
      "ul.cards",
      answers.map((answer, at) => {
        const differs = !agreed && (leaders.length > 1 || said(answer) !== leaders[0]);
        return reading(answer, cards[at], preview, differs);
      }),
    ),
  );
}

function reading(answer, card, src, differs) {
  const dark = make("canvas.dark");
  if (answer.heatmap) paint(dark, answer.heatmap.maps[answer.period], 0.75, card);
  return make(
    `li.card${differs ? ".differs" : ""}`,
    make("div.frame", make("img", { src, alt: "" }), dark),
    make("h3", headline(answer)),
    differs && make("p.warning", text("compare.differs")),
    make("p", statement(answer, card)),
    bars(answer, card),
    make("p.small-print", text("print.model", answer.model), !answer.heatmap && text("lamp.none")),
  );
}
