"use strict";

const SCORERS = ["published", "corrected"];
const SLOPE = 0.6; // a confidence is sigmoid(0.6 · separability)
let study = null;

/** The columns that the page carries: Base64 of compressed JSON. */
async function readColumns() {
  const packed = atob(byId("columns").textContent);
  const bytes = new Uint8Array(packed.length);
  for (let index = 0; index < packed.length; index += 1) bytes[index] = packed.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** A picture's address, or null where it could not be read. */
function pictureSource(number) {
  const block = byId(`picture-${number}`);
  return block && `data:image/webp;base64,${block.textContent}`;
}

function splitKey(split) {
  return `${split.benchmark}/${split.split}`;
}

function splitOf(key) {
  return study.splits.find((split) => splitKey(split) === key);
}

function agentName(agent) {
  return study.names.agents[agent];
}

function metricName(metric) {
  return study.names.metrics[metric];
}

/** A split with its benchmark. */
function splitTitle({ benchmark, split }) {
  return study.names.splits[`${benchmark}/${split}`];
}

function agentsOf(split) {
  return Object.keys(split.agents);
}

function batchesOf(split) {
  return Object.keys(Object.values(split.times)[0])
    .map(Number)
    .sort((one, other) => one - other);
}

/** Row of the grid with these values, or -1. */
function gridRow(grid, wanted) {
  return grid.metric.findIndex((_, row) => Object.entries(wanted).every(([name, value]) => grid[name][row] === value));
}

/** The main table's threshold for a metric; without one, the middle of the grid. */
function operatingPoint(split, agent, metric) {
  const grid = split.grid[agent];
  const row = gridRow(grid, { metric, main_table: true });
  return row < 0 ? split.thresholds[Math.floor(split.thresholds.length / 2)] : grid.threshold[row];
}
