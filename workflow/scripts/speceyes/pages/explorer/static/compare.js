"use strict";

const LISTED = 200; // samples that the page shows; the export has all
const OTHER = {
  agent: "b_agent",
  metric: "b_metric",
  k: "b_k",
  batch: "b_batch",
  scorer: "b_scorer",
  threshold: "b_threshold",
};

/** The setting above (A) beside another one (B) on the same split, and the samples that change hands between them. */
function renderCompare() {
  const other = otherSeen();
  const changed = handsChanged(view, other);
  refill(
    byId("compare"),
    [
      el(
        "div",
        { class: "page-head" },
        el("h2", { id: "compare-title" }, `Two settings on ${splitTitle(current.split)}`),
      ),
      otherControls(other),
      comparedNumbers(view, other),
      el("p", { id: "paired" }, pairedSentence(paired(view, other))),
      el(
        "div",
        { class: "page-head" },
        el(
          "h3",
          { id: "changed" },
          `${counted(changed.length, "sample")} ${changed.length === 1 ? "changes" : "change"} hands`,
        ),
        el("button", { type: "button", "data-key": "changed-csv", click: () => exportChanged(changed, other) }, "CSV"),
      ),
      changed.length > 0 && changedTable(changed.slice(0, LISTED), other),
      changed.length > LISTED && el("p", { class: "note" }, `The first ${LISTED}; the CSV has all.`),
    ].filter(Boolean),
  );
}

/** The other setting as the state names it. */
function otherSetting() {
  return Object.fromEntries(Object.entries(OTHER).map(([name, key]) => [name, state[key]]));
}

function otherSeen() {
  return seenOf({ ...otherSetting(), split: state.split });
}

function otherControls(other) {
  const selects = choices().map(([name, label, values, written]) => {
    const options = values.map((value) =>
      el("option", { value, selected: value === state[OTHER[name]] }, written(value)),
    );
    return choice(OTHER[name], label, options);
  });
  const typed = (event) => setState({ b_threshold: event.target.value });
  const field = {
    type: "number",
    name: "b_threshold",
    min: 0,
    max: 1,
    step: "any",
    value: Number(other.now.toFixed(6)),
  };
  const same = () =>
    setState({
      ...Object.fromEntries(Object.entries(OTHER).map(([name, key]) => [key, state[name]])),
      b_threshold: view.now,
    });
  return el(
    "form",
    { class: "choices", "aria-label": "Setting B", submit: (event) => event.preventDefault() },
    el("b", {}, "B"),
    selects,
    el("label", {}, el("span", {}, "τ"), el("input", { ...field, "data-key": "b_threshold", change: typed })),
    el("button", { type: "button", "data-key": "same", click: same }, "Set B to the setting above"),
  );
}

/** Both settings' numbers and B less A; accuracy is each one's under its own scorer. */
function comparedNumbers(one, other) {
  const [left, right] = [one, other].map((seen) => ({ ...seen.selection.measure(seen.now), scorer: seen.scorer }));
  const lines = [
    ["accuracy", (now) => now.accuracy[now.scorer], percent, points],
    ["speedup", (now) => now.speedup, times, (value) => signed(value, times)],
    ["α", (now) => now.alpha, percent, points],
    ["β", (now) => now.beta, percent, points],
    ["time a sample", (now) => now.seconds, duration, (value) => signed(value, duration)],
  ];
  const line = ([name, of, written, gained]) => {
    const [a, b] = [of(left), of(right)];
    const shownCell = (side, value, text) =>
      el("td", { "data-name": `${side} ${name}`, "data-value": value ?? "" }, text);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      shownCell("a", a, written(a)),
      shownCell("b", b, written(b)),
      shownCell("b-a", less(b, a), gained(less(b, a))),
    );
  };
  const heads = [`A: ${settingName(one)}`, `B: ${settingName(other)}`, "B − A"];
  return el(
    "div",
    { class: "scrolling", tabindex: 0, role: "region", "aria-label": "Both settings’ numbers" },
    el(
      "table",
      { class: "wide compared" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("td", {}),
          heads.map((title) => el("th", { scope: "col" }, title)),
        ),
      ),
      el("tbody", {}, lines.map(line)),
    ),
  );
}

function settingName({ selection, now, scorer }) {
  const metric = metricName(selection.metric);
  return `${agentName(selection.agentName)}, ${metric} > ${confidenceText(now)}, K ${selection.k}, batch ${selection.batch}, ${scorer}`;
}

/** On the samples that both count: how many only B gets right, only A, the difference, and the exact p by picture. */
function paired(one, other) {
  const { samples } = one.selection.split;
  const gains = new Map();
  const totals = { n: 0, won: 0, lost: 0 };
  for (let index = 0; index < one.selection.count; index += 1) {
    const [left, right] = [one, other].map((seen) => seen.selection.kept(index, seen.now)[seen.scorer]);
    if (!left.counted[index] || !right.counted[index]) continue;
    const gain = right.right[index] - left.right[index];
    totals.n += 1;
    totals.won += gain > 0 ? 1 : 0;
    totals.lost += gain < 0 ? 1 : 0;
    gains.set(samples.image[index], (gains.get(samples.image[index]) ?? 0) + gain);
  }
  return { ...totals, difference: ratio(totals.won - totals.lost, totals.n), p: signFlipP([...gains.values()]) };
}

/** Probability of a sum at least so far from 0, were each picture's gain as likely the other way round. */
function signFlipP(gains) {
  const sizes = gains.map(Math.abs).filter((size) => size > 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const score = Math.abs(gains.reduce((sum, gain) => sum + gain, 0));
  let positive = new Float64Array(total + 1); // distribution of the sum of the gains that are positive
  positive[0] = 1;
  for (const size of sizes) {
    const next = new Float64Array(total + 1);
    for (let sum = 0; sum <= total; sum += 1)
      next[sum] = (positive[sum] + (sum >= size ? positive[sum - size] : 0)) / 2;
    positive = next;
  }
  const tail = positive.reduce((sum, chance, place) => sum + (Math.abs(2 * place - total) >= score ? chance : 0), 0);
  return Math.min(1, tail);
}

function pairedSentence({ n, won, lost, difference: gained, p }) {
  return [
    `On the ${counted(n, "sample")} that both count, B is right where A is not on ${won}, A where B is not on ${lost}: `,
    el("b", { id: "paired-difference", "data-value": gained ?? "", "data-p": p }, `${points(gained)} points`),
    `, p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}.`,
  ];
}

/** Indexes of the samples that one setting leaves to the draft and the other to an agent, or each to its own agent. */
function handsChanged(one, other) {
  return [...Array(one.selection.count).keys()].filter((index) => answeredBy(one, index) !== answeredBy(other, index));
}

function changedTable(indexes, other) {
  const side = (seen, index) => {
    const answers = seen.selection.kept(index, seen.now);
    const result = outcome(answers, index, seen.scorer);
    const who = answeredBy(seen, index);
    const says = answers.answer[index].slice(0, 80) || "no answer";
    return el(
      "td",
      {},
      el("span", { class: `mark ${result}` }, `${MARKS[result]} `),
      `${who === "draft" ? who : agentName(who)}: ${says}`,
    );
  };
  const line = (index) => {
    const { sample_id: ids, question } = current.split.samples;
    const enter = () => setState({ view: "samples", show: "all", find: "", sample: ids[index] });
    return el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        el(
          "button",
          { type: "button", class: "plain", "data-key": ids[index], click: enter },
          ids[index].split("/").at(-1),
        ),
      ),
      el("td", {}, question[index]),
      side(view, index),
      side(other, index),
    );
  };
  return el(
    "div",
    { class: "scrolling", tabindex: 0, role: "region", "aria-labelledby": "changed" },
    el(
      "table",
      { class: "wide texts", id: "changed-samples" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ["sample", "question", "A", "B"].map((title) => el("th", { scope: "col" }, title)),
        ),
      ),
      el("tbody", {}, indexes.map(line)),
    ),
  );
}

function exportChanged(indexes, other) {
  const names = ["answered_by", "answer", "verdict"];
  const told = (seen, index) => [
    answeredBy(seen, index),
    seen.selection.kept(index, seen.now).answer[index],
    COLUMNS.verdict.of(seen, index),
  ];
  const header = ["sample_id", "question", ...["a", "b"].flatMap((side) => names.map((name) => `${side}_${name}`))];
  const { sample_id: ids, question } = current.split.samples;
  const rows = indexes.map((index) => [ids[index], question[index], ...told(view, index), ...told(other, index)]);
  downloadCsv("changed-hands", header, rows);
}
