"use strict";

const SVG = "http://www.w3.org/2000/svg";

/** An element; strings among the children become text nodes, so that nothing a model wrote is ever parsed. */
function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Functions among the attributes are listeners; null, undefined and false leave an attribute out. */
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A button whose focus outlives its redrawing. */
function button(key, attributes, ...children) {
  return el("button", { type: "button", "data-key": key, ...attributes }, ...children);
}

/** New children for a container; the focus goes to the one that has the focused one's key. */
function refill(container, children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  container.replaceChildren(...children);
  if (key !== undefined) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function byId(id) {
  return document.getElementById(id);
}

function known(value) {
  return value !== null && Number.isFinite(value);
}

function percent(share) {
  return known(share) ? `${(100 * share).toFixed(1)}\u00a0%` : "–";
}

function points(difference) {
  return signed(difference, (size) => (100 * size).toFixed(1));
}

function times(ratio) {
  return known(ratio) ? `${ratio.toFixed(2)}×` : "–";
}

function duration(seconds) {
  if (!known(seconds)) return "–";
  return seconds < 1 ? `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)}\u00a0ms` : `${seconds.toFixed(2)}\u00a0s`;
}

/** A difference with its sign, by the function that writes its size; none where it is written as nothing. */
function signed(value, written) {
  if (!known(value)) return "–";
  const size = written(Math.abs(value));
  return `${size === written(0) ? "" : value < 0 ? "−" : "+"}${size}`;
}

/** A confidence or threshold without its leading zero, with more digits near 1. */
function confidenceText(value, digits = value > 0.9995 ? 6 : 4) {
  return known(value) ? String(Number(value.toFixed(digits))).replace(/^0\./, ".") : "–";
}

function counted(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

function logit(share) {
  return Math.log(share / (1 - share));
}

function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}
