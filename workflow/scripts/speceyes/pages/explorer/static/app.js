"use strict";

function render() {
  const now = current.measure(view.now);
  renderControls();
  renderNumbers(now);
  renderDial(now);
  renderViews();
  renderList();
  renderSample();
  say(now);
  if (document.activeElement !== byId("find")) byId("find").value = state.find;
}

const PAGES = { overview: renderOverview, categories: renderCategories, compare: renderCompare };

/** One of the views; the others are hidden. */
function renderViews() {
  const turned = byId(state.view).hidden;
  for (const name of VIEWS) byId(name).hidden = name !== state.view;
  for (const chosen of byId("tools").querySelectorAll("[data-view]"))
    chosen.setAttribute("aria-pressed", String(chosen.dataset.view === state.view));
  keepOneStop(byId("tools"));
  PAGES[state.view]?.();
  if (turned && isNarrow()) byId(state.view).scrollIntoView();
}

function measure() {
  chartWidth = Math.max(240, byId("chart").clientWidth);
  listView.height = byId("rows").clientHeight;
}

const KEYS = {
  j: () => stepSample(1),
  ArrowDown: () => stepSample(1),
  k: () => stepSample(-1),
  ArrowUp: () => stepSample(-1),
  "]": () => stepThreshold(1),
  "[": () => stepThreshold(-1),
  "/": () => byId("find").focus(),
  s: () => setState({ view: "samples" }),
  o: () => setState({ view: "overview" }),
  g: () => setState({ view: "categories" }),
  c: () => setState({ view: "compare" }),
  f: () => byId("filters").querySelector("[aria-pressed=true]").focus(),
  w: () => chooseFilter("wrong-accepted"),
  t: switchTheme,
  "?": () => byId("help").showModal(),
  Escape: () => setState({ sample: null }),
};

/** Keys act unless somebody is typing or the help is open; Escape leaves a field, arrows move the slider. */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const isSlider = event.target.type === "range";
  if (event.target.matches("input, select") && (!isSlider || event.key.startsWith("Arrow"))) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function switchTheme() {
  const dark =
    document.documentElement.dataset.theme ??
    (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  setTheme(dark === "dark" ? "light" : "dark");
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    window.localStorage.setItem("speceyes-theme", theme);
  } catch {
    // a browser that keeps nothing for files still shows the theme
  }
}

function storedTheme() {
  try {
    return window.localStorage.getItem("speceyes-theme");
  } catch {
    return null;
  }
}

async function start() {
  const theme = storedTheme();
  if (["dark", "light"].includes(theme)) document.documentElement.dataset.theme = theme;
  study = await readColumns();
  byId("incomparable").hidden = study.comparable;
  if (study.index) {
    byId("home").href = study.index;
    byId("home").hidden = false;
  }
  for (const toolbar of document.querySelectorAll("[role=toolbar]")) listenToToolbar(toolbar);
  listenToSetting();
  listenToList();
  listenToPage();
  window.addEventListener("hashchange", () => setState(readHash()));
  window.addEventListener("resize", () => [measure, render].forEach((step) => step()));
  setState(readHash());
  measure();
  render();
  if (state.sample !== null) reveal();
  document.body.dataset.ready = "true";
}

function listenToPage() {
  document.addEventListener("keydown", pressed);
  byId("theme").addEventListener("click", switchTheme);
  byId("ask").addEventListener("click", () => byId("help").showModal());
  byId("skip").addEventListener("click", skipToSamples);
  for (const chosen of byId("tools").querySelectorAll("[data-view]"))
    chosen.addEventListener("click", () => setState({ view: chosen.dataset.view }));
}

function skipToSamples(event) {
  event.preventDefault(); // the address holds the view
  setState({ view: "samples" });
  byId("rows").focus();
}

function fail(error) {
  byId("loading").textContent =
    `This browser cannot show the page (${error.message}); a current Chromium, Firefox or Safari can.`;
}

// The pictures follow the scripts in the file.
document.addEventListener("DOMContentLoaded", () => start().catch(fail));
