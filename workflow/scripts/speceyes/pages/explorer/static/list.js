"use strict";

const ROW_HEIGHT = 46;
const SPARE_ROWS = 6; // drawn beyond both ends, so that scrolling shows no gap
const listView = { top: 0, height: 600 }; // of the list, noted when it changes, as the chart's width is
let shown = []; // of samples, as {seen, index}, and of their groups' headings

function renderFilters(counts) {
  const buttons = Object.entries(FILTERS).map(([name, { title, hint }]) =>
    el(
      "button",
      {
        type: "button",
        "data-filter": name,
        "data-key": name,
        title: hint,
        "aria-pressed": String(name === state.show),
        click: () => chooseFilter(name),
      },
      title,
      " ",
      el("span", { class: "count" }, counts[name].toLocaleString("en")),
    ),
  );
  refillToolbar(byId("filters"), buttons);
}

function chooseFilter(name) {
  byId("rows").scrollTop = listView.top = 0;
  setState({ show: name, sample: null });
}

function renderList() {
  const found = shownSamples();
  shown = found.shown;
  const height = shown.length * ROW_HEIGHT;
  listView.top = Math.max(0, Math.min(listView.top, height - listView.height)); // as the browser will
  renderFilters(found.counts);
  renderListing();
  byId("spacer").style.setProperty("height", `${height}px`);
  drawRows();
}

/** How the list is made: where it looks, its order and groups. */
function renderListing() {
  const option = (name, { title }) => el("option", { value: name }, title);
  const named = Object.entries(COLUMNS);
  byId("order").replaceChildren(...named.map(([name, column]) => option(name, column)));
  const groups = named
    .filter(([, column]) => column.groups)
    .map(([name, { title }]) => option(name, { title: `by ${title}` }));
  byId("group").replaceChildren(option("none", { title: "no groups" }), ...groups);
  byId("scope").value = state.scope;
  byId("order").value = columnOf(state.order);
  byId("group").value = state.group;
  byId("descending").setAttribute("aria-pressed", String(state.order.startsWith("-")));
  keepOneStop(byId("listing"));
}

/** Only the rows in view exist; nine thousand others wait in the spacer's height. */
function drawRows() {
  const rows = byId("rows");
  const first = Math.max(0, Math.floor(listView.top / ROW_HEIGHT) - SPARE_ROWS);
  const last = Math.min(shown.length, Math.ceil((listView.top + listView.height) / ROW_HEIGHT) + SPARE_ROWS);
  const drawn = [];
  for (let place = first; place < last; place += 1)
    drawn.push(placed(shown[place].seen ? row(place) : heading(place), place));
  byId("spacer").replaceChildren(...(shown.length ? drawn : nothingHere()));
  const selected = byId("spacer").querySelector("[aria-selected=true]");
  if (selected) rows.setAttribute("aria-activedescendant", selected.id);
  else rows.removeAttribute("aria-activedescendant");
}

/** An empty list leads to the splits and thresholds where the filter finds something. */
function nothingHere() {
  const elsewhere = state.scope === "study" ? [] : foundElsewhere();
  const buttons = elsewhere.map(([split, threshold, count]) =>
    el(
      "button",
      { type: "button", click: () => setState({ split: splitKey(split), threshold, sample: null }) },
      `${splitTitle(split)} ${threshold === state.threshold ? "" : `at τ ${confidenceText(threshold)} `}`,
      el("span", { class: "count" }, count),
    ),
  );
  return [
    el("p", { class: "hint" }, elsewhere.length ? "No sample here, but elsewhere:" : "No sample here."),
    el("div", { class: "elsewhere" }, buttons),
  ];
}

function placed(node, place) {
  node.style.setProperty("transform", `translateY(${place * ROW_HEIGHT}px)`);
  return node;
}

function heading(place) {
  const { heading: title, count } = shown[place];
  return el(
    "div",
    { class: "row heading", "aria-hidden": "true" },
    el("span", {}, title),
    el("span", { class: "count" }, count),
  );
}

function row(place) {
  const item = shown[place];
  const { seen, index } = item;
  const { selection, now } = seen;
  const accepted = selection.accepts(index, now);
  const answers = selection.kept(index, now);
  const verdict = outcome(answers, index, state.scorer);
  const id = selection.split.samples.sample_id[index];
  const attributes = {
    id: `row-${place}`,
    class: "row",
    role: "option",
    "aria-selected": String(isShown(item)),
    "aria-setsize": samplesOf(shown).length,
    "aria-posinset": samplesOf(shown.slice(0, place + 1)).length,
    click: () => chooseSample(item),
  };
  return el(
    "div",
    attributes,
    el(
      "span",
      { class: `mark ${verdict}`, title: verdict },
      MARKS[verdict],
      el("span", { class: "unseen" }, ` ${verdict}, `),
    ),
    el("span", { class: "question" }, selection.split.samples.question[index]),
    el(
      "span",
      { class: "by" },
      changesHands(seen, index) &&
        el("span", { class: "moved", title: `Changes hands against τ ${confidenceText(seen.pinned)}` }, "⇄ "),
      accepted ? "draft" : selection.toolFree[index] ? "agent" : "agent, tools",
      `: ${answers.answer[index].slice(0, 60) || "no answer"}`,
    ),
    el(
      "span",
      { class: "score", title: "confidence" },
      selection.toolFree[index] ? confidenceText(selection.confidence[index]) : "–",
    ),
    el("span", { class: "id" }, state.scope === "study" ? id : id.split("/").at(-1)),
  );
}

const MARKS = { right: "✓", wrong: "✗", error: "!", unscored: "?" };

function chooseSample({ seen, index }) {
  if (isNarrow() && state.sample === null) {
    writeHash();
    window.history.pushState(null, "", window.location.href); // so that a phone's back leads to the list
  }
  const { split } = seen.selection;
  setState({ split: splitKey(split), sample: split.samples.sample_id[index] });
  writeHash();
}

/** Index of the sample in view: the chosen one, or on a wide page the first of the list if it is of this split. */
function shownSample() {
  if (state.sample !== null) return current.split.samples.sample_id.indexOf(state.sample);
  const [first] = samplesOf(shown.slice(0, 2));
  return isNarrow() || first?.seen.selection.split !== current.split ? null : first.index;
}

function isShown({ seen, index }) {
  return seen?.selection.split === current.split && index === shownSample();
}

function isNarrow() {
  return window.matchMedia("(max-width: 820px)").matches;
}

/** The next or previous sample of the list; from one that the list no longer holds, its first. */
function stepSample(direction) {
  const samples = samplesOf(shown);
  if (!samples.length) return;
  const place = samples.findIndex(isShown);
  const next = place < 0 ? 0 : Math.min(samples.length - 1, Math.max(0, place + direction));
  chooseSample(samples[next]);
  reveal();
}

/** Scroll the list to the sample in view. */
function reveal() {
  const place = shown.findIndex(isShown);
  if (place < 0) return;
  const top = place * ROW_HEIGHT;
  const least = top + ROW_HEIGHT - listView.height;
  listView.top = Math.max(least, Math.min(top, listView.top));
  byId("rows").scrollTop = listView.top;
  drawRows();
}

function scrolled() {
  listView.top = byId("rows").scrollTop;
  drawRows();
}

function listenToList() {
  byId("rows").addEventListener("scroll", scrolled, { passive: true });
  byId("find").addEventListener("input", (event) => setState({ find: event.target.value }));
  for (const name of ["scope", "order", "group"])
    byId(name).addEventListener("change", (event) => setState({ [name]: event.target.value }));
  byId("descending").addEventListener("click", turnOrder);
  byId("export-list").addEventListener("click", exportList);
}

function turnOrder() {
  setState({ order: state.order.startsWith("-") ? columnOf(state.order) : `-${state.order}` });
}
