"use strict";

const PANEL = { height: 52, gap: 22, left: 40, right: 10, top: 18, axis: 16 };
const TICKS = [0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999];
let chartWidth = 400; // measured when the window changes: asking for it at every step would lay the page out again

/** Accuracy and speedup over the threshold, in two panels above the slider, whose positions they share. */
function renderChart(low, high) {
  const width = chartWidth;
  const plot = { low, high, left: PANEL.left, width: width - PANEL.left - PANEL.right };
  const at = (threshold) => plot.left + ((logit(threshold) - low) / (high - low)) * plot.width;
  const steps = [...Array(Math.round(plot.width / 2) + 1).keys()].map((step) => step / Math.round(plot.width / 2));
  const thresholds = steps.map((step) => sigmoid(low + step * (high - low)));
  const values = thresholds.map((threshold) => curveOf(view).at(threshold));
  const agent = current.alone(current.agent);
  const height = PANEL.top + 2 * PANEL.height + PANEL.gap + PANEL.axis;
  const panels = [
    {
      name: "accuracy",
      written: (value) => `${(100 * value).toFixed(0)} %`,
      reference: agent.accuracy[state.scorer],
      band: band(`accuracy_${state.scorer}`),
    },
    { name: "speedup", written: (value) => `${value.toFixed(1)}×`, reference: 1, band: band("speedup") },
  ].map((panel, place) =>
    drawn(panel, { ...plot, top: PANEL.top + place * (PANEL.height + PANEL.gap), at, thresholds, values }),
  );
  const places = `now at ${confidenceText(view.now)}, main table at ${confidenceText(view.main)}`;
  const here = curveOf(view).at(view.now);
  const says = `accuracy ${percent(here.accuracy)}, speedup ${times(here.speedup)}`;
  const label = `Accuracy (${state.scorer}) and speedup over the threshold; ${places}: ${says}`;
  const drawing = svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    panels,
    axis(plot, at, height),
    cursor(at, height),
    legend(width),
  );
  drawing.addEventListener("pointerdown", (event) => drag(event, drawing, plot));
  byId("chart").replaceChildren(drawing);
}

/** The settings table's intervals of a quantity at the grid's thresholds, as [threshold, low, high]. */
function band(name) {
  const limits = current.split.thresholds.map((threshold) => [
    threshold,
    ...(gridInterval(threshold)?.[name] ?? [null]),
  ]);
  return limits.filter((values) => values.every(known));
}

/** One panel: its range, the agent alone as a dashed line, the curve, where it stands now and in the main table. */
function drawn({ name, written, reference, band: limits }, plot) {
  const values = plot.values.map((value) => value[name]);
  const { least, most } = rangeOf(
    [...values, reference, ...limits.flatMap(([, low, high]) => [low, high])].filter(known),
    name,
  );
  const y = (value) => plot.top + PANEL.height * (1 - (value - least) / (most - least));
  const path = values
    .map((value, step) => (known(value) ? `${plot.at(plot.thresholds[step]).toFixed(1)},${y(value).toFixed(1)}` : null))
    .filter(Boolean);
  const mark = (threshold, shape) => {
    const value = curveOf(view).at(threshold)[name];
    return known(value) && shape(Math.min(plot.left + plot.width, Math.max(plot.left, plot.at(threshold))), y(value));
  };
  const corner = ([threshold, value]) => `${plot.at(threshold).toFixed(1)},${y(value).toFixed(1)}`;
  const upper = limits.map(([threshold, , high]) => corner([threshold, high]));
  const lower = limits.map(([threshold, low]) => corner([threshold, low])).reverse();
  return svg(
    "g",
    { class: `panel ${name}` },
    limits.length > 1 && svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }),
    svg("line", {
      class: "frame",
      x1: plot.left,
      x2: plot.left + plot.width,
      y1: plot.top + PANEL.height,
      y2: plot.top + PANEL.height,
    }),
    ends(values, (value, other) => Math.abs(y(value) - y(other)) > 10).map((value) =>
      svg("text", { class: "tick", x: plot.left - 5, y: y(value) + 3.5, "text-anchor": "end" }, written(value)),
    ),
    known(reference) &&
      svg("line", {
        class: "reference",
        x1: plot.left,
        x2: plot.left + plot.width,
        y1: y(reference),
        y2: y(reference),
      }),
    svg("polyline", { class: "curve", points: path.join(" ") }),
    svg(
      "text",
      { class: "title", x: plot.left, y: plot.top - 7 },
      name === "accuracy" ? `accuracy, ${state.scorer}` : "speedup",
    ),
    mark(view.now, (x, height) => svg("circle", { class: "now", cx: x, cy: height, r: 3.5 })),
    mark(view.main, (x, height) =>
      svg(
        "path",
        { class: "main", d: `M${x} ${height - 5}l5 5-5 5-5-5z` },
        svg("title", {}, `main table’s threshold ${view.main}`),
      ),
    ),
  );
}

/** A curve's highest and lowest value; the highest alone where their labels would not stand apart. */
function ends(values, apart) {
  const some = values.filter(known);
  const [most, least] = [Math.max(...some), Math.min(...some)];
  return [most, least].slice(0, some.length ? 1 + apart(most, least) : 0);
}

/** The values' range with some air; a flat curve still gets a height. */
function rangeOf(values, name) {
  const least = Math.min(...values, name === "speedup" ? 1 : Infinity);
  const most = Math.max(...values);
  const air = Math.max(0.08 * (most - least), name === "speedup" ? 0.05 : 0.01);
  return Number.isFinite(most) ? { least: least - air, most: most + air } : { least: 0, most: 1 };
}

function axis(plot, at, height) {
  let last = -Infinity;
  const ticks = TICKS.filter(
    (tick) => logit(tick) >= plot.low && logit(tick) <= plot.high && at(tick) - last > 34 && (last = at(tick)),
  );
  const grid = current.split.thresholds.map((value) =>
    svg("line", { class: "grid", x1: at(value), x2: at(value), y1: PANEL.top, y2: height - PANEL.axis }),
  );
  return svg(
    "g",
    {},
    grid,
    ticks.map((tick) =>
      svg("text", { class: "tick", x: at(tick), y: height - 3, "text-anchor": "middle" }, confidenceText(tick)),
    ),
  );
}

function legend(width) {
  return svg(
    "text",
    { class: "tick", x: width - PANEL.right, y: PANEL.top + PANEL.height + PANEL.gap - 7, "text-anchor": "end" },
    "◇ main table’s τ · dashed: agent · band: interval",
  );
}

function cursor(at, height) {
  const line = (name, threshold) =>
    svg("line", { class: name, x1: at(threshold), x2: at(threshold), y1: PANEL.top, y2: height - PANEL.axis });
  const within = (threshold) => threshold > 0 && threshold < 1;
  return svg(
    "g",
    {},
    state.pin !== null && within(view.pinned) && line("pinned", view.pinned),
    within(view.now) && line("cursor", view.now),
  );
}

/** A press or drag on the chart moves the threshold there. */
function drag(event, drawing, plot) {
  const left = drawing.getBoundingClientRect().left;
  const move = ({ clientX }) => {
    const place = Math.min(1, Math.max(0, (clientX - left - plot.left) / plot.width));
    setState({ threshold: caught(plot.low + place * (plot.high - plot.low)) });
  };
  const stop = () => window.removeEventListener("pointermove", move);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", stop, { once: true });
  move(event);
}
