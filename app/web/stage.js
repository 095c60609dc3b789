/** The picture at its place in time, with the lamp that shows where the model looked. */

import { make } from "./elements.js";
import { paint } from "./heatmap.js";
import { nameOf, percent, text } from "./messages.js";
import { pigment } from "./timeline.js";

const OFF = "";

/** Kept from picture to picture; null follows each answer. */
let chosen = null;
let strength = 0.6;

/** Put an entry's picture on the wall; settled when its size is known. */
export function hang(figure, { name, preview, answer }, card) {
  const picture = make("img", { alt: text("picture.alt"), src: preview });
  const dark = make("canvas.dark", { hidden: true });
  picture.onerror = () => picture.replaceWith(make("p", text("picture.no_preview")));
  figure.replaceChildren(make("div.frame", picture, dark), make("figcaption", name));
  if (answer?.heatmap) figure.append(lamp(answer, card, dark));
  else if (answer) figure.append(make("p.hint", text("lamp.none")));
  return picture.decode().catch(() => {});
}

function lamp({ period, verdict, heatmap: { maps } }, card, dark) {
  const own = verdict === "not_a_painting" ? OFF : period;
  let lit = chosen === OFF || chosen in maps ? chosen : own;
  const dimmer = make("input", { type: "range", max: 100, step: 5, value: strength * 100 });
  const shade = () => {
    dark.hidden = dimmer.disabled = lit === OFF;
    dimmer.ariaValueText = percent(strength);
    if (lit !== OFF) paint(dark, maps[lit], strength, card);
  };
  dimmer.oninput = () => {
    strength = dimmer.value / 100;
    shade();
  };
  const chip = (value, words, colour) => {
    const onchange = () => {
      lit = value;
      chosen = value === own ? null : value;
      shade();
    };
    const radio = make("input", { type: "radio", name: "lamp", checked: value === lit, value, onchange });
    return make(`label.chip.${colour}`, radio, make("span", words));
  };
  shade();
  return make(
    "fieldset.lamp",
    make("legend", text("lamp.title")),
    make(
      "div.chips",
      chip(OFF, text("lamp.off"), "off"),
      card.classes.map(({ name, label }, index) => maps[name] && chip(name, nameOf(name, label), pigment(index))),
    ),
    make("label.dimmer", text("lamp.strength"), dimmer),
    make("p.hint", text("lamp.hint")),
  );
}

/** Hang the picture from a place on the rail, 0 to 1, with its label beside it; null takes it off. */
export function settle(stage, place) {
  const [figure, label] = stage.children;
  const towards = place ?? 0.5;
  const turned = towards > 0.55;
  stage.classList.toggle("unhung", place === null);
  stage.classList.toggle("turned", turned);
  stage.style.paddingLeft = 0;
  if (getComputedStyle(stage).flexDirection === "column") return;
  const [first, last] = turned ? [label, figure] : [figure, label];
  const spare = stage.offsetWidth - (last.offsetLeft + last.offsetWidth - first.offsetLeft);
  const middle = figure.offsetLeft + figure.offsetWidth / 2 - first.offsetLeft;
  stage.style.paddingLeft = `${Math.max(0, Math.min(spare, towards * stage.offsetWidth - middle))}px`;
}
