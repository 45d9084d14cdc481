// Elements, made without markup: every text is a text node, so that nothing that comes from outside
// becomes a part of the page.

/** An element with attributes (`on…` for what to do, `null` for none) and children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
}

/**
 * Puts other children in place of an element's. What was open stays open, and what had the focus has
 * it again, by their ids.
 */
export function show(parent, ...children) {
  const focused = document.activeElement?.id;
  const open = [...parent.querySelectorAll("details[open]")].map((details) => details.id);
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}
