/**
 * Make an element: `make("p.hint", "words", child, { id: "x" })`.
 *
 * Strings, elements and lists of them become its content; an object holds properties.
 * Nothing comes of null, undefined and false.
 */
export function make(selector, ...parts) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const part of parts.flat(2)) {
    if (typeof part === "string" || part instanceof Node) element.append(part);
    else Object.assign(element, part);
  }
  return element;
}
