/** Paintings that the model learnt from and finds like the picture. */

import { make } from "./elements.js";
import { nameOf, text } from "./messages.js";
import { pigment } from "./timeline.js";

/** Show them; the section is hidden where there are none. */
export function showSimilar(section, answer, { classes }) {
  const works = (answer?.verdict !== "not_a_painting" && answer?.similar) || [];
  section.hidden = works.length === 0;
  section.replaceChildren(
    make("h2", text("similar.title")),
    make("p.hint", text("similar.hint")),
    make("ol.cards", works.map((work) => card(work, classes))),
  );
}

function card({ artist, title, year, period, source, page, licence, thumbnail }, classes) {
  const index = classes.findIndex(({ name }) => name === period);
  const kept = [nameOf(period, classes[index]?.label), source, licence?.toUpperCase()];
  return make(
    `li.card.${pigment(index)}`,
    thumbnail && make("img", { src: thumbnail, alt: "" }),
    make("h3", artist ?? title ?? text("similar.unknown")),
    make("p", [artist && title, year].filter(Boolean).join(", ")),
    make("p.small-print", kept.filter(Boolean).join(" · ")),
    page && make("a", text("similar.page"), { href: page, target: "_blank", rel: "noreferrer" }),
  );
}
