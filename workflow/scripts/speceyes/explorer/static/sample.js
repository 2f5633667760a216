"use strict";

/** The sample in view. What depends on the threshold is drawn again whenever it moves, pictures and turns are not. */
let drawnSample = "";
let isReading = false;

function renderSample() {
  const index = shownSample();
  turnPage(state.sample !== null);
  const key = index === null ? "none" : [state.split, state.agent, state.metric, state.k, state.batch, state.scorer, index].join(" ");
  if (key !== drawnSample) {
    drawnSample = key;
    byId("sample").replaceChildren(...(index === null ? [el("p", { class: "hint" }, "Choose a sample.")] : sampleParts(index)));
    byId("sample").scrollTop = 0;
  }
  if (index === null) return;
  byId("route").replaceChildren(...route(index));
  byId("tokens").replaceChildren(...draftTokens(index));
  byId("place").textContent = shown.includes(index) ? `${shown.indexOf(index) + 1} of ${shown.length}` : "not in this list";
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
    el("div", { class: "columns" },
      el("div", { class: "asked" }, picture(index), question(index)),
      el("div", { class: "answered" },
        el("section", { class: "route", id: "route", "aria-label": "Route through the funnel" }),
        verdicts(index),
        el("section", { "aria-label": "Draft answer, token by token" }, el("h3", {}, "Draft answer, token by token"), el("div", { id: "tokens" })),
        episode(index))),
  ];
}

function sampleHead(index) {
  const { sample_id: ids, category } = current.split.samples;
  const copied = (event) => copyLink(event.target);
  return el("header", { class: "head" },
    el("button", { type: "button", class: "back", click: () => setState({ sample: null }) }, "‹ List"),
    el("h2", {}, ids[index], category[index] && el("span", { class: "category" }, ` ${category[index]}`)),
    el("span", { class: "place", id: "place" }),
    el("button", { type: "button", "aria-label": "Previous sample", "aria-keyshortcuts": "k", click: () => stepSample(-1) }, "↑"),
    el("button", { type: "button", "aria-label": "Next sample", "aria-keyshortcuts": "j", click: () => stepSample(1) }, "↓"),
    el("button", { type: "button", click: copied }, "Copy link"));
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
  const boxes = current.agent.turns[index].flatMap(({ tool }, turn) => (tool?.box.length ? [boxMark(tool.box, turn + 1, unit)] : []));
  return el("figure", { class: "picture" },
    el("div", { class: "frame" },
      el("img", { src: source, alt: `Image of ${current.split.samples.sample_id[index]}`, width: across, height: down }),
      svg("svg", { viewBox: `0 0 ${across} ${down}`, preserveAspectRatio: "none", "aria-hidden": "true" }, boxes)),
    el("figcaption", {}, `${across} × ${down} px`, boxes.length ? `, ${counted(boxes.length, "zoom")} of ${agentName(state.agent)}` : ""));
}

function boxMark([left, top, right, bottom], turn, unit) {
  return svg("g", { class: "box" },
    svg("rect", { x: left, y: top, width: right - left, height: bottom - top }),
    svg("text", { x: left + unit, y: Math.max(top - unit, 5 * unit), "font-size": 5 * unit }, turn));
}

function question(index) {
  const { question: questions, options, gold, gold_letter: letters } = current.split.samples;
  const choices = options[index].map((option, place) => {
    const letter = String.fromCharCode(65 + place);
    const isGold = letter === letters[index];
    return el("li", { class: isGold ? "gold" : null }, el("b", {}, `${letter}.`), ` ${option}`, isGold && el("span", { class: "tag" }, "gold"));
  });
  const plain = el("p", { class: "gold" }, gold[index], el("span", { class: "tag" }, "gold"));
  return el("div", { class: "question-text" }, el("p", { class: "text" }, questions[index]), choices.length ? el("ol", {}, choices) : plain);
}

/** The four phases as this setting takes them, with their times to scale. */
function route(index) {
  const spent = current.seconds(index, levels.now);
  const total = spent.screen + spent.draft + spent.agent;
  const alone = current.agent.latency_s[index];
  const longest = Math.max(total, alone);
  return [
    el("ol", { class: "phases" }, phases(index, spent).map(phase)),
    el("div", { class: "times" }, timeLine("this setting", spent, longest, total), timeLine("agent alone", { agent: alone }, longest, alone)),
  ];
}

function phases(index, spent) {
  const toolFree = current.toolFree[index];
  const accepted = current.accepts(index, levels.now);
  const { screen, draft, agent } = current;
  const sign = accepted ? ">" : "≤";
  return [
    { title: "Screening", name: "screen", says: screen.error[index] || screen.text[index] || "nothing", note: toolFree ? "tool-free" : "wants tools", seconds: spent.screen },
    { title: "Draft", name: "draft", says: draft.answer[index] || draft.error[index] || "no answer", note: toolFree ? null : "not asked in this setting", idle: !toolFree, seconds: spent.draft, verdict: outcome(draft, index, state.scorer) },
    { title: "Gate", says: `${confidenceText(current.confidence[index])} ${sign} ${confidenceText(levels.now)}`, note: toolFree ? (accepted ? "accepted" : "deferred") : "not reached", idle: !toolFree, tone: accepted ? "kept" : null },
    { title: agentName(state.agent), name: "agent", says: agent.answer[index] || agent.error[index] || "no answer", note: accepted ? `saved ${duration(agent.latency_s[index])}` : null, idle: accepted, seconds: spent.agent, verdict: outcome(agent, index, state.scorer) },
  ];
}

function phase({ title, name, says, note, idle, seconds, verdict, tone }) {
  const classes = ["phase", idle && "idle", tone].filter(Boolean).join(" ");
  return el("li", { class: classes },
    el("h4", {}, name && el("span", { class: `dot ${name}` }), title, verdict && el("span", { class: `mark ${verdict}`, title: verdict }, ` ${MARKS[verdict]}`)),
    el("p", { class: "says" }, says.slice(0, 160)),
    el("p", { class: "note" }, [note, seconds ? duration(seconds) : null].filter(Boolean).join(" · ")));
}

function timeLine(title, seconds, longest, total) {
  const bars = Object.entries(seconds).map(([name, value]) => {
    const bar = el("span", { class: `bar ${name}`, title: `${name}: ${duration(value)}` });
    bar.style.setProperty("width", `${longest ? (100 * value) / longest : 0}%`);
    return bar;
  });
  return el("div", { class: "time" }, el("span", {}, title), el("span", { class: "track" }, bars), el("span", { class: "figure" }, duration(total)));
}

function verdicts(index) {
  const rows = [["Draft", current.draft], [agentName(state.agent), current.agent]].map(([name, answers]) =>
    el("tr", {},
      el("th", { scope: "row" }, name),
      el("td", { class: "answer" }, answers.answer[index] || answers.error[index] || "no answer"),
      SCORERS.map((scorer) => el("td", {}, verdict(answers, index, scorer)))));
  const heads = ["", "answer", ...SCORERS].map((title) => el("th", { scope: "col" }, title));
  return el("section", { class: "verdicts", "aria-label": "Verdicts of both scorers" },
    el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));
}

function verdict(answers, index, scorer) {
  const result = outcome(answers, index, scorer);
  const { decided_by: decided, reply } = answers[scorer];
  const how = result === "error" ? answers.status[index] : decided[index];
  return [el("span", { class: `mark ${result}` }, `${MARKS[result]} ${result}`), el("span", { class: "how", title: reply[index] || null }, ` ${how}`),
    reply[index] && el("span", { class: "reply" }, `“${reply[index].slice(0, 200)}”`)];
}

/** Each token tinted by how far it stands from the threshold, the ones that decide the metric outlined. */
function draftTokens(index) {
  const { tokens, probability, length, latency_s: seconds } = current.draft;
  if (!tokens[index].length) return [el("p", { class: "hint" }, current.draft.error[index] || "The draft wrote nothing.")];
  const scores = current.separability[index];
  const deciding = decidingTokens(scores, length[index]);
  const chips = tokens[index].map((text, place) => token(text, scores[place], probability[index][place], deciding.has(place)));
  const left = length[index] - tokens[index].length;
  return [
    el("p", { class: "tokens" }, chips, left > 0 && el("span", { class: "more" }, `… ${counted(left, "more token")}`)),
    el("p", { class: "note" }, confidenceSentence(index), ` Drafted in ${duration(seconds[index])}, batch ${state.batch}.`),
  ];
}

function confidenceSentence(index) {
  const value = current.confidence[index];
  if (state.metric === "log") return `Confidence ${confidenceText(value)}: the geometric mean of the tokens’ probabilities.`;
  const raw = (share) => (logit(share) / SLOPE).toFixed(2);
  return `Confidence ${confidenceText(value)} from a separability of ${raw(value)} (${METRICS[state.metric]}, K = ${state.k}); τ ${confidenceText(levels.now)} stands at ${raw(levels.now)}.`;
}

function token(text, score, probability, decides) {
  const distance = state.metric === "log" ? (logit(Math.min(probability, 0.9999)) - logit(levels.now)) / 3 : (score - logit(levels.now) / SLOPE) / 4;
  const seen = text.replaceAll(" ", "·").replaceAll("\n", "⏎") || "∅";
  const described = `separability ${score.toFixed(2)}, probability ${probability.toFixed(4)}`;
  const chip = el("span", { class: `token ${distance > 0 ? "strong" : "weak"}${decides ? " decides" : ""}`, title: described },
    el("span", { class: "word" }, seen), el("span", { class: "score" }, score.toFixed(2)), el("span", { class: "chance" }, confidenceText(probability)));
  chip.style.setProperty("--tint", `${Math.round(12 + 48 * Math.min(1, Math.abs(distance)))}%`);
  return chip;
}

/** Places of the tokens that the metric looks at; none where it looks at all. */
function decidingTokens(scores, length) {
  if (!["min", "bottom20"].includes(state.metric)) return new Set();
  const count = state.metric === "min" ? 1 : Math.max(1, Math.floor(0.2 * length));
  const places = [...scores.keys()].sort((one, other) => scores[one] - scores[other]);
  return new Set(places.slice(0, count));
}

function episode(index) {
  const { turns, status, error, latency_s: seconds } = current.agent;
  const title = `${agentName(state.agent)}: ${counted(turns[index].length, "turn")}, ${duration(seconds[index])}`;
  return el("section", { class: "episode", "aria-label": "The agent’s turns" },
    el("h3", {}, title, status[index] !== "ok" && el("span", { class: "tag bad" }, status[index].replaceAll("_", " "))),
    error[index] && el("p", { class: "bad" }, error[index]),
    el("ol", { class: "turns" }, turns[index].map(turnCard)));
}

function turnCard(turn, place) {
  const facts = [`turn ${place + 1}`, duration(turn.latency_s), counted(turn.generated_tokens, "token")];
  return el("li", {},
    el("p", { class: "note" }, facts.join(" · ")),
    turn.text.trim() && el("pre", { class: "text" }, turn.text),
    turn.tool && toolUse(turn.tool));
}

function toolUse(tool) {
  const isCode = tool.name === "code";
  const facts = [tool.box.length ? `box ${tool.box.slice(0, 2).join(", ")} to ${tool.box.slice(2).join(", ")}` : null, duration(tool.latency_s)];
  return el("div", { class: "tool" },
    el("p", { class: "note" }, el("b", {}, isCode ? "Code" : tool.name), el("span", { class: `tag ${tool.status === "ok" ? "good" : "bad"}` }, tool.status.replaceAll("_", " ")), facts.filter(Boolean).join(" · ")),
    tool.arguments && el("details", { open: isCode }, el("summary", {}, isCode ? "As it was run" : "As it was called"), el("pre", {}, tool.arguments)),
    tool.detail && el("p", { class: "bad" }, tool.detail),
    tool.output && el("pre", { class: "output", "aria-label": "Output" }, tool.output),
    tool.images.length > 0 && el("div", { class: "crops" }, tool.images.map(crop)));
}

function crop(number, place) {
  const source = pictureSource(number);
  return source ? el("img", { src: source, alt: `Picture ${place + 1} that the tool returned`, loading: "lazy" }) : el("p", { class: "hint" }, "A picture cannot be read.");
}
