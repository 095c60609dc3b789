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
 * Lay the classes out, as shares of the rail from 0 to 1.
 *
 * To scale where all years are known and none overlap, else in equal parts.
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
    ({ index, start, end }, at) =>
      years(classes[index].years) && start < end && (at === 0 || start >= spans[at - 1].end),
  );
  if (!toScale || classes.length === 0) {
    return classes.map((_, index) => ({ index, start: index / classes.length, share: 1 / classes.length }));
  }
  const from = spans[0].start;
  const length = spans.at(-1).end - from;
  return spans.map(({ index, start, end }) => ({
    index,
    start: (start - from) / length,
    share: (end - start) / length,
  }));
}

/**
 * Draw the rail with the classes that the answer points at, best first, marked.
 *
 * @returns {number | null} where the best of them has its middle, 0 to 1.
 */
export function drawRail(rail, classes, marked = []) {
  let middle = null;
  const items = layOut(classes).map(({ index, start, share }) => {
    const { name, label, years: span } = classes[index];
    const chosen = name === marked[0];
    if (chosen) middle = start + share / 2;
    const item = make(
      `li.${pigment(index)}`,
      make("span", nameOf(name, label)),
      make("small", years(span)),
      { ariaCurrent: chosen ? "true" : null },
    );
    if (marked.includes(name)) item.classList.add(chosen ? "chosen" : "second");
    if (start > 0.5) item.classList.add("late");
    item.dataset.from = span?.[0] ?? "";
    item.style.left = `${start * 100}%`;
    item.style.width = `${share * 100}%`;
    return item;
  });
  rail.replaceChildren(make("ol", items));
  return middle;
}
