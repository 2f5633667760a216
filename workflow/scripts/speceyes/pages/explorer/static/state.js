"use strict";

/** What is shown. A threshold or pin of null is the main table's, whichever cell is chosen. */
const state = {
  agent: null,
  split: null,
  metric: null,
  k: null,
  batch: null,
  scorer: "corrected",
  threshold: null,
  pin: null,
  show: "all",
  find: "",
  order: "stored",
  sample: null,
};
const HASH_DELAY_MS = 200; // browsers limit how often an address may change
let view = null; // a selection with its scorer and its thresholds: the main table's, the slider's, the pinned one
let current = null; // the view's selection
let currentCurve = null;
let hashTimer = 0;

/** Take changes, from wherever they come: what does not exist in this study falls back to a default. */
function setState(changes) {
  Object.assign(state, changes);
  const split = splitOf(state.split) ?? study.splits[0];
  state.split = splitKey(split);
  state.agent = oneOf(agentsOf(split), state.agent);
  state.metric = oneOf(study.metrics, state.metric, "min");
  state.k = oneOf(study.top_ks, Number(state.k), study.main_top_k);
  state.batch = oneOf(batchesOf(split), Number(state.batch), study.main_batch_size);
  state.scorer = oneOf(SCORERS, state.scorer, "corrected");
  state.threshold = share(state.threshold);
  state.pin = share(state.pin);
  state.show = oneOf(Object.keys(FILTERS), state.show);
  state.order = oneOf(Object.keys(ORDERS), state.order);
  state.find = String(state.find ?? "");
  if (!split.samples.sample_id.includes(state.sample)) state.sample = null;
  current = selectionOf(split);
  view = viewOf(current);
  render();
  window.clearTimeout(hashTimer);
  hashTimer = window.setTimeout(writeHash, HASH_DELAY_MS);
}

function oneOf(choices, wanted, fallback = choices[0]) {
  if (choices.includes(wanted)) return wanted;
  return choices.includes(fallback) ? fallback : choices[0];
}

function share(value) {
  const number = value === null || value === "" ? NaN : Number(value);
  return number >= 0 && number <= 1 ? number : null;
}

/** A selection as the state wants it seen. */
function viewOf(selection) {
  const main = operatingPoint(selection.split, state.agent, state.metric);
  return { selection, scorer: state.scorer, main, now: state.threshold ?? main, pinned: state.pin ?? main };
}

const selections = new Map();

function selectionOf(split) {
  const key = [state.split, state.agent, state.metric, state.k, state.batch].join(" ");
  if (!selections.has(key)) {
    selections.clear(); // one is enough, and keeps memory flat
    selections.set(key, new Selection(split, state));
    currentCurve = null;
  }
  if (currentCurve?.scorer !== state.scorer) {
    currentCurve = { scorer: state.scorer, curve: new Curve(selections.get(key), state.scorer) };
  }
  return selections.get(key);
}

const DEFAULTS = { show: "all", find: "", order: "stored", threshold: null, pin: null, sample: null };

/** The state as a link; what is at its default is left out. */
function hashOf() {
  const told = Object.entries(state).filter(([name, value]) => !(name in DEFAULTS) || value !== DEFAULTS[name]);
  return told.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`).join("&");
}

function writeHash() {
  window.clearTimeout(hashTimer);
  window.history.replaceState(null, "", `#${hashOf()}`);
}

/** The state that a link describes, unknown names left out. */
function readHash() {
  const told = new URLSearchParams(window.location.hash.slice(1).replaceAll("+", "%2B"));
  const names = Object.keys(state);
  return { ...DEFAULTS, ...Object.fromEntries([...told].filter(([name]) => names.includes(name))) };
}
