"use strict";

const ROW_HEIGHT = 46;
const SPARE_ROWS = 6; // drawn beyond both ends, so that scrolling shows no gap
const listView = { top: 0, height: 600 }; // of the list, noted when it changes, as the chart's width is
let shown = [];

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
  refill(byId("filters"), buttons);
}

function chooseFilter(name) {
  byId("rows").scrollTop = listView.top = 0;
  setState({ show: name, sample: null });
}

function renderList() {
  const { counts, shown: indexes } = shownSamples();
  shown = indexes;
  const height = shown.length * ROW_HEIGHT;
  listView.top = Math.max(0, Math.min(listView.top, height - listView.height)); // as the browser will
  renderFilters(counts);
  byId("spacer").style.setProperty("height", `${height}px`);
  drawRows();
}

/** Only the rows in view exist; nine thousand others wait in the spacer's height. */
function drawRows() {
  const rows = byId("rows");
  const first = Math.max(0, Math.floor(listView.top / ROW_HEIGHT) - SPARE_ROWS);
  const last = Math.min(shown.length, Math.ceil((listView.top + listView.height) / ROW_HEIGHT) + SPARE_ROWS);
  const drawn = [];
  for (let place = first; place < last; place += 1) drawn.push(row(place));
  byId("spacer").replaceChildren(...(shown.length ? drawn : nothingHere()));
  const selected = byId("spacer").querySelector("[aria-selected=true]");
  if (selected) rows.setAttribute("aria-activedescendant", selected.id);
  else rows.removeAttribute("aria-activedescendant");
}

/** An empty list leads to the splits and thresholds where the filter finds something. */
function nothingHere() {
  const elsewhere = state.find ? [] : foundElsewhere();
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

function row(place) {
  const index = shown[place];
  const accepted = current.accepts(index, view.now);
  const answers = current.kept(index, view.now);
  const verdict = outcome(answers, index, state.scorer);
  const id = current.split.samples.sample_id[index];
  const attributes = {
    id: `row-${index}`,
    class: "row",
    role: "option",
    "aria-selected": String(index === shownSample()),
    "aria-setsize": shown.length,
    "aria-posinset": place + 1,
    click: () => chooseSample(index),
  };
  const node = el(
    "div",
    attributes,
    el(
      "span",
      { class: `mark ${verdict}`, title: verdict },
      MARKS[verdict],
      el("span", { class: "unseen" }, ` ${verdict}, `),
    ),
    el("span", { class: "question" }, current.split.samples.question[index]),
    el(
      "span",
      { class: "by" },
      changesHands(view, index) &&
        el("span", { class: "moved", title: `Changes hands against τ ${confidenceText(view.pinned)}` }, "⇄ "),
      accepted ? "draft" : current.toolFree[index] ? "agent" : "agent, tools",
      `: ${answers.answer[index].slice(0, 60) || "no answer"}`,
    ),
    el(
      "span",
      { class: "score", title: "confidence" },
      current.toolFree[index] ? confidenceText(current.confidence[index]) : "–",
    ),
    el("span", { class: "id" }, id.split("/").at(-1)),
  );
  node.style.setProperty("transform", `translateY(${place * ROW_HEIGHT}px)`);
  return node;
}

const MARKS = { right: "✓", wrong: "✗", error: "!", unscored: "?" };

function chooseSample(index) {
  if (isNarrow() && state.sample === null) {
    writeHash();
    window.history.pushState(null, "", window.location.href); // so that a phone's back leads to the list
  }
  setState({ sample: current.split.samples.sample_id[index] });
  writeHash();
}

/** Index of the sample in view: the chosen one, or on a wide page the first of the list. */
function shownSample() {
  if (state.sample !== null) return current.split.samples.sample_id.indexOf(state.sample);
  return isNarrow() || !shown.length ? null : shown[0];
}

function isNarrow() {
  return window.matchMedia("(max-width: 820px)").matches;
}

/** The next or previous sample of the list; from one that the list no longer holds, its first. */
function stepSample(direction) {
  if (!shown.length) return;
  const place = shown.indexOf(shownSample());
  const next = place < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, place + direction));
  chooseSample(shown[next]);
  reveal(next);
}

function reveal(place) {
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
  byId("order").addEventListener("change", (event) => setState({ order: event.target.value }));
}
