"use strict";

let heldToken = null; // place of the token whose detail is shown

/** The draft's tokens are one tab stop; Left and Right go through them, and the one in focus is told of beneath. */
function tokenBar() {
  const bar = el("div", {
    class: "tokens",
    id: "tokens",
    role: "toolbar",
    "aria-label": "Tokens of the draft’s answer",
  });
  listenToToolbar(bar);
  return bar;
}

/** Each token tinted by how far it stands from the threshold, the ones that decide the metric outlined. */
function drawTokens(index) {
  const { tokens, length, error } = current.draft;
  const some = tokens[index].length > 0;
  const left = length[index] - tokens[index].length;
  const deciding = decidingTokens(current.separability[index], length[index]);
  const chips = tokens[index].map((text, place) => token(text, tokenAt(index, place), deciding));
  const more = left > 0 && el("span", { class: "more" }, `… ${counted(left, "more token")}`);
  const nothing = !some && el("span", { class: "hint" }, error[index] || "The draft wrote nothing.");
  refillToolbar(byId("tokens"), [...chips, more, nothing].filter(Boolean));
  byId("token-sum").textContent = some ? confidenceSentence(index) : "";
  tellToken(index);
}

function tokenAt(index, place) {
  return {
    index,
    place,
    score: current.separability[index][place],
    probability: current.draft.probability[index][place],
  };
}

function confidenceSentence(index) {
  const seconds = current.draft.latency_s[index];
  const drafted = ` Drafted in ${current.durationOf(index, seconds)}, batch ${state.batch}.`;
  const value = current.confidence[index];
  if (state.metric === "log")
    return `Confidence ${confidenceText(value)}: the geometric mean of the tokens’ probabilities.${drafted}`;
  if (!ofSeparability())
    return `Confidence ${confidenceText(value)} by ${metricName(state.metric)} (K = ${state.k}); τ is ${confidenceText(view.now)}.${drafted}`;
  const raw = (share) => (logit(share) / SLOPE).toFixed(2);
  const made = `a separability of ${raw(value)} (${metricName(state.metric)}, K = ${state.k})`;
  return `Confidence ${confidenceText(value)} from ${made}; τ ${confidenceText(view.now)} stands at ${raw(view.now)}.${drafted}`;
}

function token(text, { index, place, score, probability }, deciding) {
  const distance = distanceOf(score, probability);
  const decides = deciding.has(place);
  const held = () => holdToken(index, place);
  const chip = button(
    `token-${place}`,
    { class: `token ${distance > 0 ? "strong" : "weak"}${decides ? " decides" : ""}`, focus: held, pointerenter: held },
    el("span", { class: "word" }, written(text)),
    el("span", { class: "score" }, score.toFixed(2)),
    el("span", { class: "chance" }, confidenceText(probability)),
  );
  chip.style.setProperty("--tint", `${Math.round(6 + 20 * Math.min(1, Math.abs(distance)))}%`);
  return chip;
}

/** How far a token stands from the threshold, about 1 where it is far; 0 under a metric that says nothing of tokens. */
function distanceOf(score, probability) {
  if (state.metric === "log") return (logit(Math.min(probability, 0.9999)) - logit(view.now)) / 3;
  return ofSeparability() ? (score - logit(view.now) / SLOPE) / 4 : 0;
}

/** Whether the metric is one of the paper's three aggregates of the tokens' separability. */
function ofSeparability() {
  return state.metric !== "log" && !state.metric.includes(":");
}

/** A token with its blanks to be seen. */
function written(text) {
  return text.replaceAll(" ", "·").replaceAll("\n", "⏎") || "∅";
}

function holdToken(index, place) {
  heldToken = place;
  tellToken(index);
}

/** The token in focus, or under the pointer, in a sentence. */
function tellToken(index) {
  const { tokens, length } = current.draft;
  const text = tokens[index][heldToken ?? -1];
  if (text === undefined) {
    byId("token-detail").textContent = "";
    return;
  }
  const { score, probability } = tokenAt(index, heldToken);
  const decides = decidingTokens(current.separability[index], length[index]).has(heldToken);
  const against = !ofSeparability() ? "" : `, τ stands at ${(logit(view.now) / SLOPE).toFixed(2)}`;
  byId("token-detail").textContent =
    `Token ${heldToken + 1} of ${length[index]}, “${written(text)}”: separability ${score.toFixed(2)} (K = ${state.k}${against}),` +
    ` probability ${probability.toFixed(4)}${decides ? "; the confidence is made of it" : ""}.`;
}

/** Places of the tokens that the metric looks at; none where it looks at all. */
function decidingTokens(scores, length) {
  if (!["min", "bottom20"].includes(state.metric)) return new Set();
  const count = state.metric === "min" ? 1 : Math.max(1, Math.floor(0.2 * length));
  const places = [...scores.keys()].sort((one, other) => scores[one] - scores[other]);
  return new Set(places.slice(0, count));
}
