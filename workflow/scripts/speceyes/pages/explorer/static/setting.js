"use strict";

/** The five choices above the slider beside the split, as [state's name, label, its values, how a value is written]. */
function choices() {
  const split = current.split;
  return [
    ["agent", "Agent", agentsOf(split), agentName],
    ["metric", "Confidence", study.metrics, metricName],
    ["k", "K", study.top_ks, String],
    ["batch", "Batch", batchesOf(split), String],
    ["scorer", "Scorer", SCORERS, String],
  ];
}

function renderControls() {
  const selects = choices().map(([name, label, values, written]) =>
    choice(
      name,
      label,
      values.map((value) => el("option", { value, selected: value === state[name] }, written(value))),
    ),
  );
  selects.splice(1, 0, choice("split", "Split", splitOptions()));
  refillToolbar(byId("choices"), selects);
}

function choice(name, label, options) {
  const changed = (event) => setState({ [name]: event.target.value });
  return el("label", {}, el("span", {}, label), el("select", { name, "data-key": name, change: changed }, options));
}

/** Splits under their benchmarks, each with its n. */
function splitOptions() {
  return [...new Set(study.splits.map((split) => split.benchmark))].map((benchmark) => {
    const splits = study.splits.filter((split) => split.benchmark === benchmark);
    const options = splits.map((split) => {
      const value = splitKey(split);
      return el(
        "option",
        { value, selected: value === state.split },
        `${splitTitle(split)} (n = ${split.samples.sample_id.length})`,
      );
    });
    return el("optgroup", { label: study.names.benchmarks[benchmark] }, options);
  });
}

/** The tiles and the comparison; every number carries its exact value for whoever reads the page by machine. */
function renderNumbers(now) {
  const agent = current.alone(current.agent);
  const draft = current.alone(current.draftAlone);
  const other = SCORERS.find((scorer) => scorer !== state.scorer);
  const interval = gridInterval();
  const limits = interval?.[`accuracy_${state.scorer}`];
  byId("numbers").replaceChildren(
    tile("Accuracy", number(`accuracy_${state.scorer}`, now.accuracy[state.scorer], percent), [
      `${state.scorer}, n = ${now.counted[state.scorer]}${range(limits, (share) => (100 * share).toFixed(1))}`,
      [number(`accuracy_${other}`, now.accuracy[other], percent), ` ${other}, n = ${now.counted[other]}`],
    ]),
    tile("Speedup", number("speedup", now.speedup, times), [
      `over the agent, n = ${current.count}${range(interval?.speedup, (x) => x.toFixed(2))}`,
      `${duration(now.seconds)} a sample, agent ${duration(agent.seconds)}`,
    ]),
    tile("Accepted α", number("alpha", now.alpha, percent), [
      `${now.accepted} of ${now.toolFree} tool-free`,
      `${percent(now.accepted / current.count)} of all`,
    ]),
    tile("Tool-free β", number("beta", now.beta, percent), [
      `${now.toolFree} of ${current.count} samples`,
      "by screening",
    ]),
    comparison(now, { agent, draft }),
  );
}

function tile(title, value, notes) {
  return el(
    "div",
    { class: "tile" },
    el("h3", {}, title),
    el("p", { class: "value" }, value),
    notes.map((note) => el("p", { class: "note" }, note)),
  );
}

function number(name, value, written) {
  return el("data", { id: name, "data-value": value ?? "" }, written(value));
}

/** The settings table's intervals at a threshold of the grid, by quantity; null between its thresholds. */
function gridInterval(threshold = view.now) {
  const grid = current.split.grid[state.agent];
  const row = gridRow(grid, { metric: state.metric, top_k: state.k, batch_size: state.batch, threshold });
  if (row < 0) return null;
  const names = ["accuracy_published", "accuracy_corrected", "speedup"];
  return Object.fromEntries(names.map((name) => [name, [grid[`${name}_low`][row], grid[`${name}_high`][row]]]));
}

function range(limits, written) {
  return limits && limits.every(known) ? ` [${limits.map(written).join(", ")}]` : "";
}

function comparison(now, references) {
  const rows = [
    ["SpecEyes", now, ""],
    [`${agentName(state.agent)} alone`, references.agent, "agent_"],
    ["Draft alone", references.draft, "draft_"],
  ];
  const line = ([name, measured, prefix]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el(
        "td",
        {},
        prefix
          ? number(`${prefix}accuracy_${state.scorer}`, measured.accuracy[state.scorer], percent)
          : percent(measured.accuracy[state.scorer]),
      ),
      el("td", {}, measured === references.agent ? "" : points(difference(measured, references.agent))),
      el("td", {}, prefix ? number(`${prefix}speedup`, measured.speedup, times) : times(measured.speedup)),
    );
  const heads = [`accuracy, ${state.scorer}`, "vs agent", "speedup"].map((title) => el("th", { scope: "col" }, title));
  const head = el("tr", {}, el("td", {}), heads);
  return el("table", { class: "comparison" }, el("thead", {}, head), el("tbody", {}, rows.map(line)));
}

function difference(one, other) {
  const [left, right] = [one, other].map((measured) => measured.accuracy[state.scorer]);
  return known(left) && known(right) ? left - right : null;
}

/** The slider's span in log-odds: all confidences and the whole grid; accepting all and none are both in reach. */
function span() {
  const values = [...current.confidence.filter((_, index) => current.toolFree[index]), ...current.split.thresholds];
  const odds = values.map((value) => logit(Math.min(0.99999, Math.max(0.05, value))));
  const low = odds.reduce((least, value) => Math.min(least, value), Infinity);
  const high = odds.reduce((most, value) => Math.max(most, value), -Infinity);
  return { low: low - 0.03 * (high - low), high: high + 0.03 * (high - low) };
}

function renderDial(now) {
  const { low, high } = span();
  const slider = byId("slider");
  slider.min = low;
  slider.max = high;
  slider.value = Math.min(high, Math.max(low, logit(view.now)));
  const told = `accuracy ${percent(now.accuracy[state.scorer])}, speedup ${times(now.speedup)}`;
  slider.setAttribute("aria-valuetext", `τ ${confidenceText(view.now)}: ${told}`);
  if (document.activeElement !== byId("threshold")) byId("threshold").value = Number(view.now.toFixed(6));
  refillToolbar(byId("stops"), [...current.split.thresholds.map(stop), ...chartButtons()]);
  renderChart(low, high);
}

/** What can be done beside choosing a threshold of the grid. */
function chartButtons() {
  const isPinned = state.pin !== null;
  const pinned = isPinned ? "Compare with the main table’s threshold again" : "Compare other thresholds with this one";
  const loss = `within ${counted(Number((100 * study.epsilon).toFixed(2)), "point")}`;
  const within = `The lowest threshold down to which accuracy stays ${loss} of the agent’s on these samples`;
  return [
    button(
      "within",
      { id: "within", title: within, click: goWithin },
      `τ ${loss}`,
    ),
    button(
      "pin",
      { id: "pin", title: pinned, click: () => setState({ pin: isPinned ? null : view.now }) },
      isPinned ? `Unpin ${confidenceText(view.pinned)}` : "Pin",
    ),
    button("svg", { id: "export-svg", title: "The chart as a drawing", click: exportSvg }, "SVG"),
    button("png", { id: "export-png", title: "The chart as a picture", click: exportPng }, "PNG"),
  ];
}

/** To the last threshold, from the safest down, within ε of the agent's accuracy. */
function goWithin() {
  const agent = current.alone(current.agent).accuracy[state.scorer];
  const threshold = known(agent) ? curveOf(view).lastAbove(agent - study.epsilon) : null;
  if (threshold !== null) setState({ threshold });
}

function stop(value) {
  const main = value === view.main;
  const [written, note] = [confidenceText(value), main ? ", the main table’s" : ""];
  const pressed = String(value === view.now);
  const chosen = () => setState({ threshold: value });
  return el(
    "button",
    {
      type: "button",
      "data-key": value,
      "aria-pressed": pressed,
      "aria-label": `Threshold ${written}${note}`,
      title: `Threshold ${value}${note}`,
      click: chosen,
    },
    `${main ? "◇ " : ""}${written}`,
  );
}

/** A threshold from the slider: caught by a grid threshold that is near, else rounded to what can be read. */
function caught(odds) {
  const reach = 0.006 * (Number(byId("slider").max) - Number(byId("slider").min));
  const near = current.split.thresholds.find((value) => Math.abs(logit(value) - odds) < reach);
  return near ?? Number(sigmoid(odds).toFixed(6));
}

/** The grid's next threshold in one direction. */
function stepThreshold(direction) {
  const beyond = current.split.thresholds.filter((value) => direction * (value - view.now) > 1e-12);
  if (beyond.length) setState({ threshold: direction > 0 ? Math.min(...beyond) : Math.max(...beyond) });
}

function listenToSetting() {
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("slider").addEventListener("input", (event) => setState({ threshold: caught(Number(event.target.value)) }));
  byId("threshold").addEventListener("input", (event) => {
    if (event.target.value !== "" && event.target.validity.valid) setState({ threshold: event.target.value });
  });
}
