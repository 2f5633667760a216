"use strict";

/** Scores of every system by category of question at the main table's settings, as the table category_scores has them. */
function renderCategories() {
  refill(byId("categories"), [
    el(
      "div",
      { class: "page-head" },
      el("h2", { id: "categories-title" }, "Scores by category"),
      el(
        "p",
        { class: "note" },
        `${metricName(state.metric)} at the main table’s settings, ${state.scorer} scorer; limits in brackets;`,
        " precision, recall and F1 of “yes”, and how often it is said, by the corrected one",
      ),
    ),
    el(
      "div",
      { class: "scrolling", tabindex: 0, role: "region", "aria-label": "Table of scores by category" },
      el(
        "table",
        { class: "wide" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["system", "split", "category"].map((title) => el("th", { scope: "col", class: "named" }, title)),
            ["n", "accuracy, %", ...Object.values(OF_YES)].map((title) => el("th", { scope: "col" }, title)),
          ),
        ),
        el("tbody", {}, categoryRows().map(categoryLine)),
      ),
    ),
  ]);
}

const OF_YES = { precision: "precision, %", recall: "recall, %", f1: "F1, %", yes_share: "says yes, %" };
const SYSTEMS = { draft: "draft", agent: "agent", speceyes: "SpecEyes", specreason: "SpecReason" };

/** Systems without a metric, and the funnel under the one chosen. */
function categoryRows() {
  return study.categories.filter((row) => !row.metric || row.metric === state.metric);
}

function categoryLine(row) {
  const system = SYSTEMS[row.system] ?? row.system.replaceAll("_", " ");
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, row.agent ? `${system}, ${agentName(row.agent)}` : system),
    el("td", { class: "named" }, splitTitle(row)),
    el("td", { class: "named" }, row.category.replaceAll("_", " ")),
    el("td", {}, String(row.n)),
    [`accuracy_${state.scorer}`, ...Object.keys(OF_YES)].map((name) =>
      el("td", { "data-name": name, "data-value": row[name] ?? "" }, withLimits(row, name)),
    ),
  );
}

function withLimits(row, name) {
  const written = (share) => (100 * share).toFixed(1);
  const limits = [row[`${name}_low`], row[`${name}_high`]];
  if (!known(row[name])) return "–";
  return limits.every(known) ? `${written(row[name])} [${limits.map(written).join(", ")}]` : written(row[name]);
}
