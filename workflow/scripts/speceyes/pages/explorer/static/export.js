"use strict";

const FORMULA = /^[=+\-@\t\r']/; // what a spreadsheet takes for a formula; the study's tables mark it the same way

/** Rows of values as CSV, numbers as exact as the page has them. */
function csv(header, rows) {
  return `${[header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const marked = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(marked) ? `"${marked.replaceAll('"', '""')}"` : marked;
}

/** Hand the reader a file. */
function download(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function downloadCsv(name, header, rows) {
  download(`${fileName(name)}.csv`, new Blob([csv(header, rows)], { type: "text/csv" }));
}

/** The study, what is exported, and the setting, as a file may be called. */
function fileName(name) {
  return [study.study, name, state.agent, state.split].join("-").replaceAll(/[^\w.-]+/g, "_");
}

const LIST_HEADER = [
  "sample_id",
  "question",
  "gold",
  "agent",
  "metric",
  "top_k",
  "batch_size",
  "threshold",
  "tool_free",
];

/** The list as it is shown: one row per sample, with the setting that each was seen at. */
function exportList() {
  const columns = Object.keys(COLUMNS).filter((name) => name !== "stored");
  const header = [
    ...LIST_HEADER,
    ...columns,
    "answer",
    ...SCORERS.flatMap((scorer) => [`${scorer}_counted`, `${scorer}_right`]),
  ];
  downloadCsv(
    "samples",
    header,
    samplesOf(shown).map((item) => listed(item, columns)),
  );
}

function listed({ seen, index }, columns) {
  const { selection, now } = seen;
  const { sample_id: ids, question, gold } = selection.split.samples;
  const answers = selection.kept(index, now);
  const scores = SCORERS.flatMap((scorer) => [answers[scorer].counted[index], answers[scorer].right[index]]);
  return [
    ...[ids[index], question[index], gold[index], selection.agentName, selection.metric, selection.k, selection.batch],
    ...[now, Boolean(selection.toolFree[index]), ...columns.map((name) => COLUMNS[name].of(seen, index))],
    ...[answers.answer[index], ...scores],
  ];
}

const DRAWN = [
  "fill",
  "stroke",
  "stroke-width",
  "paint-order",
  "stroke-dasharray",
  "fill-opacity",
  "font-size",
  "font-weight",
  "font-family",
];

/** The chart as a drawing of its own: the page's style written into each of its parts. */
function chartDrawing() {
  const shownChart = byId("chart").querySelector("svg");
  const copy = shownChart.cloneNode(true);
  const parts = [...shownChart.querySelectorAll("*")];
  [...copy.querySelectorAll("*")].forEach((part, place) => {
    const style = window.getComputedStyle(parts[place]);
    for (const name of DRAWN) part.setAttribute(name, style.getPropertyValue(name));
    part.removeAttribute("class");
  });
  copy.setAttribute("xmlns", SVG);
  const ground = window.getComputedStyle(byId("setting")).backgroundColor;
  copy.prepend(svg("rect", { width: "100%", height: "100%", fill: ground }));
  return new XMLSerializer().serializeToString(copy);
}

function exportSvg() {
  download(`${fileName("chart")}.svg`, new Blob([chartDrawing()], { type: "image/svg+xml" }));
}

const PIXELS = 3; // of the PNG for one of the page's

async function exportPng() {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(chartDrawing())}`;
  await image.decode();
  const canvas = el("canvas", { width: PIXELS * image.width, height: PIXELS * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => download(`${fileName("chart")}.png`, blob), "image/png");
}
