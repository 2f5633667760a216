"use strict";

/** What is shown. A threshold or pin of null is the main table's, whichever cell is chosen; B is compared with it. */
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
  scope: "split",
  order: "stored",
  group: "none",
  sample: null,
  view: "samples",
  rank: "cell",
  b_agent: null,
  b_metric: null,
  b_k: null,
  b_batch: null,
  b_scorer: "corrected",
  b_threshold: null,
};
const VIEWS = ["samples", "overview", "categories", "compare"];
const HASH_DELAY_MS = 200; // browsers limit how often an address may change
let view = null; // the setting as it sees its split: a selection with its scorer and thresholds
let current = null; // the view's selection
let hashTimer = 0;

/** Take changes, from wherever they come: what does not exist in this study falls back to a default. */
function setState(changes) {
  Object.assign(state, changes);
  const split = splitOf(state.split) ?? study.splits[0];
  state.split = splitKey(split);
  state.agent = oneOf(agentsOf(split), state.agent);
  state.metric = oneOf(study.metrics, state.metric, "min");
  state.k = oneOf(study.top_ks, Number(state.k), study.main_top_k);
  state.batch = oneOf(batchesOf(split), Number(state.batch), split.main_batch_size);
  state.scorer = oneOf(SCORERS, state.scorer, "corrected");
  state.threshold = share(state.threshold);
  state.pin = share(state.pin);
  state.show = oneOf(Object.keys(FILTERS), state.show);
  state.scope = oneOf(["split", "study"], state.scope);
  state.order = Object.hasOwn(COLUMNS, columnOf(String(state.order))) ? state.order : "stored";
  state.group = COLUMNS[state.group]?.groups ? state.group : "none";
  state.find = String(state.find ?? "");
  state.view = oneOf(VIEWS, state.view);
  state.rank = Object.hasOwn(OVERVIEW, columnOf(String(state.rank))) ? state.rank : "cell";
  compareWith(split);
  if (!split.samples.sample_id.includes(state.sample)) state.sample = null;
  view = seenOf(state);
  current = view.selection;
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

/** B is at first another agent, where there is one, with the rest as above. */
function compareWith(split) {
  const agents = agentsOf(split);
  state.b_agent = oneOf(
    agents,
    state.b_agent,
    agents.find((agent) => agent !== state.agent),
  );
  state.b_metric = oneOf(study.metrics, state.b_metric, state.metric);
  state.b_k = oneOf(study.top_ks, Number(state.b_k), state.k);
  state.b_batch = oneOf(batchesOf(split), Number(state.b_batch), state.batch);
  state.b_scorer = oneOf(SCORERS, state.b_scorer, "corrected");
  state.b_threshold = share(state.b_threshold);
}

/** A setting as it sees its split: the passes, and the main table's threshold, the one in force and the pinned one. */
function seenOf({ split: key, agent, metric, k, batch, scorer, threshold, pin }) {
  const split = splitOf(key);
  const main = operatingPoint(split, agent, metric);
  const selection = new Selection(split, {
    agent,
    metric,
    k,
    batch: oneOf(batchesOf(split), batch, split.main_batch_size),
  });
  return { selection, scorer, main, now: threshold ?? main, pinned: pin ?? main };
}

let curve = null; // the last one, which stays the same while the threshold moves

function curveOf({ selection, scorer }) {
  const key = [
    splitKey(selection.split),
    selection.agentName,
    selection.metric,
    selection.k,
    selection.batch,
    scorer,
  ].join(" ");
  if (curve?.key !== key) curve = { key, points: new Curve(selection, scorer) };
  return curve.points;
}

const DEFAULTS = {
  show: "all",
  find: "",
  scope: "split",
  order: "stored",
  group: "none",
  view: "samples",
  rank: "cell",
  threshold: null,
  pin: null,
  sample: null,
  b_threshold: null,
};

/** The state as a link; what is at its default is left out. */
function hashOf() {
  const told = Object.entries(state).filter(
    ([name, value]) =>
      (!(name in DEFAULTS) || value !== DEFAULTS[name]) && (state.view === "compare" || !name.startsWith("b_")),
  );
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
