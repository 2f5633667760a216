"use strict";

/** Every agent on every split at the metric, K, batch size and scorer chosen; τ is each one's own until it is moved. */
function renderOverview() {
  const rows = overviewRows();
  rows.sort((one, other) => rankWay() * compared(one[columnOf(state.rank)], other[columnOf(state.rank)]));
  const slowest = Math.max(...rows.map((row) => row.seconds));
  const threshold =
    state.threshold === null ? "each one’s threshold of the main table" : `τ ${confidenceText(view.now)}`;
  refill(byId("overview"), [
    el(
      "div",
      { class: "page-head" },
      el("h2", { id: "overview-title" }, "All agents and splits"),
      el(
        "p",
        { class: "note" },
        `${metricName(state.metric)}, K ${state.k}, batch ${state.batch}, ${state.scorer} scorer, ${threshold}`,
      ),
      el("button", { type: "button", "data-key": "overview-csv", click: () => exportOverview(rows) }, "CSV"),
    ),
    el(
      "div",
      { class: "scrolling", tabindex: 0, role: "region", "aria-label": "Table of all agents and splits" },
      el(
        "table",
        { class: "wide" },
        el(
          "thead",
          {},
          el("tr", {}, Object.keys(OVERVIEW).map(sortedHead), el("th", { scope: "col", class: "bars" }, phaseLegend())),
        ),
        el(
          "tbody",
          {},
          rows.map((row) => overviewLine(row, slowest)),
        ),
      ),
    ),
  ]);
}

const OVERVIEW = {
  cell: { title: "agent and split", written: String },
  n: { title: "n", written: String },
  accuracy: { title: "accuracy", written: percent },
  agent_accuracy: { title: "agent", written: percent },
  difference: { title: "vs agent", written: points },
  speedup: { title: "speedup", written: times },
  alpha: { title: "α", written: percent },
  beta: { title: "β", written: percent },
  seconds: { title: "time a sample", written: duration },
  a_minute: { title: "samples a minute", written: (value) => (known(value) ? value.toFixed(1) : "–") },
};

function overviewRows() {
  return study.splits.flatMap((split) =>
    agentsOf(split).map((agent) => {
      const seen = seenOf({ ...state, split: splitKey(split), agent });
      const now = seen.selection.measure(seen.now);
      const alone = seen.selection.alone(seen.selection.agent);
      const accuracy = now.accuracy[state.scorer];
      return {
        cell: `${agentName(agent)} · ${splitTitle(split)}`,
        ...{ agent, split: splitKey(split), n: seen.selection.count, threshold: seen.now },
        ...{
          accuracy,
          agent_accuracy: alone.accuracy[state.scorer],
          difference: less(accuracy, alone.accuracy[state.scorer]),
        },
        ...{ speedup: now.speedup, alpha: now.alpha, beta: now.beta, seconds: now.seconds },
        ...{ a_minute: now.seconds ? 60 / now.seconds : null, phases: now.phases, agent_seconds: alone.seconds },
      };
    }),
  );
}

function less(one, other) {
  return known(one) && known(other) ? one - other : null;
}

function rankWay() {
  return state.rank.startsWith("-") ? -1 : 1;
}

/** A column's title as the button that sorts by it; pressed again it turns the order round. */
function sortedHead(name) {
  const isSorted = columnOf(state.rank) === name;
  const sort = isSorted ? (rankWay() > 0 ? "ascending" : "descending") : null;
  const turned = isSorted && rankWay() > 0 ? `-${name}` : name;
  const sign = { ascending: " ↑", descending: " ↓" }[sort] ?? "";
  const chosen = () => setState({ rank: turned });
  return el(
    "th",
    { scope: "col", "aria-sort": sort },
    el(
      "button",
      { type: "button", class: "plain", "data-key": `rank-${name}`, click: chosen },
      OVERVIEW[name].title,
      sign,
    ),
  );
}

function overviewLine(row, slowest) {
  const enter = () => enterCell(row.agent, row.split);
  const isHere = row.agent === state.agent && row.split === state.split;
  const numbers = Object.keys(OVERVIEW).slice(1);
  return el(
    "tr",
    { class: isHere ? "here" : null },
    el(
      "th",
      { scope: "row" },
      el(
        "button",
        {
          type: "button",
          class: "plain",
          "data-cell": `${row.agent} ${row.split}`,
          "data-key": row.cell,
          click: enter,
        },
        row.cell,
      ),
    ),
    numbers.map((name) =>
      el("td", { "data-name": name, "data-value": row[name] ?? "" }, OVERVIEW[name].written(row[name])),
    ),
    el("td", { class: "bars" }, track(row.phases, slowest)),
  );
}

function enterCell(agent, split) {
  setState({ agent, split, view: "samples", sample: null });
  byId("rows").focus({ preventScroll: true });
}

function exportOverview(rows) {
  const names = ["agent", "split", "threshold", ...Object.keys(OVERVIEW).slice(1)];
  downloadCsv(
    "overview",
    names,
    rows.map((row) => names.map((name) => row[name])),
  );
}
