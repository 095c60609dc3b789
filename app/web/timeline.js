/** The picture rail: the classes in order of time, from which the picture hangs. */

import { make } from "./elements.js";
import { nameOf, years } from "./messages.js";

// How far an open beginning reaches before the first known year.
const OPEN_YEARS = 400;
const PIGMENTS = 6;

/** The colour of a class, from style.css, by its place among the model's classes. */
export function pigment(index) {
  return `pigment-${Math.max(index, 0) % PIGMENTS}`;
}

/**
 * Lay the classes out on the rail, from 0 to 1: to scale where all years are known and none
 * overlap, and then `at` tells the place of a year; else in equal parts.
 */
function layOut(classes) {
  const first = Math.min(...classes.flatMap(({ years: span }) => span ?? []).filter(Boolean));
  const spans = classes.map(({ years: span }, index) => ({
    index,
    start: span?.[0] ?? first - OPEN_YEARS,
    end: span?.[1] ?? new Date().getFullYear(),
  }));
  spans.sort((one, other) => one.start - other.start);
  const toScale = spans.every(
    ({ index, start, end }, place) =>
      years(classes[index].years) && start < end && (place === 0 || start >= spans[place - 1].end),
  );
  if (!toScale || classes.length === 0) {
    const at = (index) => index / classes.length;
    return { places: classes.map((_, index) => ({ index, start: at(index), end: at(index + 1) })) };
  }
  const [from, until] = [spans[0].start, spans.at(-1).end];
  const at = (year) => Math.min(Math.max((year - from) / (until - from), 0), 1);
  return { at, places: spans.map(({ index, start, end }) => ({ index, start: at(start), end: at(end) })) };
}

/** Put an element from one place on the rail to another. */
function span(element, start, end, late = start > 0.5) {
  element.classList.toggle("late", late);
  element.style = `left: ${start * 100}%; width: ${(end - start) * 100}%`;
  return element;
}

/** Draw the rail, and on it the classes and years of an answer; tells where its picture hangs. */
export function drawRail(rail, classes, marked = [], date = null) {
  const { places, at } = layOut(classes);
  const best = places.find(({ index }) => classes[index].name === marked[0]);
  const items = places.map(({ index, start, end }) => {
    const { name, label, years: known } = classes[index];
    const item = make(
      `li.${pigment(index)}`,
      make("span", nameOf(name, label)),
      make("small", years(known)),
      { ariaCurrent: index === best?.index ? "true" : null },
    );
    if (marked.includes(name)) item.classList.add(index === best.index ? "chosen" : "second");
    item.dataset.from = known?.[0] ?? "";
    return span(item, start, end);
  });
  rail.replaceChildren(make("ol", items));
  if (!best) return null;
  if (!date || !at) return (best.start + best.end) / 2;
  const [first, last] = date.interval;
  const [start, middle, end] = [first, date.median, last + 1].map(at);
  const tick = span(make("i"), (middle - start) / (end - start), 1);
  rail.append(span(make("div.date", tick, make("small", `${first}–${last}`)), start, end, middle > 0.5));
  return middle;
}
