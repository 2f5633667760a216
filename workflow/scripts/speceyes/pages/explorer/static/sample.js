"use strict";

/** The sample in view. What depends on the threshold is drawn again whenever it moves, pictures and turns are not. */
let drawnSample = "";
let isReading = false;

function renderSample() {
  const index = shownSample();
  turnPage(state.sample !== null);
  const key =
    index === null
      ? "none"
      : [state.split, state.agent, state.metric, state.k, state.batch, state.scorer, index].join(" ");
  if (key !== drawnSample) {
    drawnSample = key;
    heldToken = null;
    refill(
      byId("sample"),
      index === null
        ? [el("p", { class: "hint" }, shown.length ? "Choose a sample." : "No sample to show.")]
        : sampleParts(index),
    );
    byId("sample").scrollTop = 0;
  }
  if (index === null) return;
  byId("route").replaceChildren(...route(index));
  drawTokens(index);
  const samples = samplesOf(shown);
  const place = samples.findIndex(isShown);
  byId("place").textContent = place < 0 ? "not in this list" : `${place + 1} of ${samples.length}`;
}

/** On a phone list and sample take turns; each is entered at its beginning. */
function turnPage(reading) {
  document.body.classList.toggle("reading", reading);
  if (reading !== isReading && isNarrow()) byId(reading ? "setting" : "filters").scrollIntoView();
  isReading = reading;
}

function sampleParts(index) {
  return [
    sampleHead(index),
    el(
      "div",
      { class: "columns" },
      el("div", { class: "asked" }, picture(index), question(index)),
      el(
        "div",
        { class: "answered" },
        el("section", { class: "route", id: "route", "aria-labelledby": "route-title" }),
        verdicts(index),
        el(
          "section",
          { "aria-labelledby": "tokens-title" },
          el("h3", { id: "tokens-title" }, "Draft answer, token by token"),
          tokenBar(),
          el("p", { class: "note", id: "token-detail" }),
          el("p", { class: "note", id: "token-sum" }),
        ),
        episode(index),
      ),
    ),
  ];
}

function sampleHead(index) {
  const { sample_id: ids, category } = current.split.samples;
  const copied = (event) => copyLink(event.target);
  return el(
    "header",
    { class: "head" },
    el("button", { type: "button", class: "back", click: () => setState({ sample: null }) }, "‹ List"),
    el("h2", {}, ids[index], category[index] && el("span", { class: "category" }, ` ${category[index]}`)),
    el("span", { class: "place", id: "place" }),
    el(
      "button",
      {
        type: "button",
        "aria-label": "Previous sample",
        "data-key": "previous",
        "aria-keyshortcuts": "k",
        click: () => stepSample(-1),
      },
      "↑",
    ),
    el(
      "button",
      {
        type: "button",
        "aria-label": "Next sample",
        "data-key": "next",
        "aria-keyshortcuts": "j",
        click: () => stepSample(1),
      },
      "↓",
    ),
    el("button", { type: "button", click: copied }, "Copy link"),
  );
}

async function copyLink(button) {
  setState({ sample: current.split.samples.sample_id[shownSample()] });
  writeHash();
  try {
    await navigator.clipboard.writeText(window.location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "See address bar";
  }
}

/** The image with the boxes into which the agent zoomed, numbered by turn. */
function picture(index) {
  const { picture: pictures, width, height } = current.split.samples;
  const source = pictureSource(pictures[index]);
  if (!source) return el("p", { class: "hint" }, "The image cannot be read.");
  const [across, down] = [width[index], height[index]];
  const unit = Math.max(across, down) / 100;
  const boxes = current.agent.turns[index].flatMap(({ tool }, turn) =>
    tool?.box.length ? [boxMark(tool.box, turn + 1, unit)] : [],
  );
  return el(
    "figure",
    { class: "picture" },
    el(
      "div",
      { class: "frame" },
      el("img", {
        src: source,
        alt: pictureWords(index),
        width: across,
        height: down,
      }),
      svg("svg", { viewBox: `0 0 ${across} ${down}`, preserveAspectRatio: "none", "aria-hidden": "true" }, boxes),
    ),
    el(
      "figcaption",
      {},
      `${across} × ${down} px`,
      boxes.length ? `, ${counted(boxes.length, "zoom")} of ${agentName(state.agent)}` : "",
    ),
  );
}

/** What is known of a picture without seeing it: what is asked about it, the answer, and where the agent looked. */
function pictureWords(index) {
  const { question: asked, gold, options, width, height } = current.split.samples;
  const boxes = current.agent.turns[index].flatMap(({ tool }, turn) =>
    tool?.box.length ? [`turn ${turn + 1}, ${boxWords(tool.box)}`] : [],
  );
  const zooms = boxes.length ? ` ${agentName(state.agent)} zoomed in on: ${boxes.join("; ")}.` : "";
  const among = options[index].length ? ` among ${options[index].join(", ")}` : "";
  return `The picture, ${width[index]} by ${height[index]} pixels, about which is asked: ${asked[index]} It shows: ${gold[index]}${among}.${zooms}`;
}

function boxWords([left, top, right, bottom]) {
  return `box ${left}, ${top} to ${right}, ${bottom}`;
}

function boxMark([left, top, right, bottom], turn, unit) {
  return svg(
    "g",
    { class: "box" },
    svg("rect", { x: left, y: top, width: right - left, height: bottom - top }),
    svg("text", { x: left + unit, y: Math.max(top - unit, 5 * unit), "font-size": 5 * unit }, turn),
  );
}

function question(index) {
  const { question: questions, options, gold, gold_letter: letters } = current.split.samples;
  const choices = options[index].map((option, place) => {
    const letter = String.fromCharCode(65 + place);
    const isGold = letter === letters[index];
    return el(
      "li",
      { class: isGold ? "gold" : null },
      el("b", {}, `${letter}.`),
      ` ${option}`,
      isGold && el("span", { class: "tag" }, "gold"),
    );
  });
  const plain = el("p", { class: "gold" }, gold[index], el("span", { class: "tag" }, "gold"));
  return el(
    "div",
    { class: "question-text" },
    el("p", { class: "text" }, questions[index]),
    choices.length ? el("ol", {}, choices) : plain,
  );
}
