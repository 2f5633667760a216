"use strict";

/** Each token tinted by how far it stands from the threshold, the ones that decide the metric outlined. */
function draftTokens(index) {
  const { tokens, probability, length, latency_s: seconds } = current.draft;
  if (!tokens[index].length)
    return [el("p", { class: "hint" }, current.draft.error[index] || "The draft wrote nothing.")];
  const scores = current.separability[index];
  const deciding = decidingTokens(scores, length[index]);
  const chips = tokens[index].map((text, place) =>
    token(text, scores[place], probability[index][place], deciding.has(place)),
  );
  const left = length[index] - tokens[index].length;
  return [
    el("p", { class: "tokens" }, chips, left > 0 && el("span", { class: "more" }, `… ${counted(left, "more token")}`)),
    el(
      "p",
      { class: "note" },
      confidenceSentence(index),
      ` Drafted in ${duration(seconds[index])}, batch ${state.batch}.`,
    ),
  ];
}

function confidenceSentence(index) {
  const value = current.confidence[index];
  if (state.metric === "log")
    return `Confidence ${confidenceText(value)}: the geometric mean of the tokens’ probabilities.`;
  const raw = (share) => (logit(share) / SLOPE).toFixed(2);
  const made = `a separability of ${raw(value)} (${METRICS[state.metric]}, K = ${state.k})`;
  return `Confidence ${confidenceText(value)} from ${made}; τ ${confidenceText(view.now)} stands at ${raw(view.now)}.`;
}

function token(text, score, probability, decides) {
  const distance =
    state.metric === "log"
      ? (logit(Math.min(probability, 0.9999)) - logit(view.now)) / 3
      : (score - logit(view.now) / SLOPE) / 4;
  const seen = text.replaceAll(" ", "·").replaceAll("\n", "⏎") || "∅";
  const described = `separability ${score.toFixed(2)}, probability ${probability.toFixed(4)}`;
  const chip = el(
    "span",
    { class: `token ${distance > 0 ? "strong" : "weak"}${decides ? " decides" : ""}`, title: described },
    el("span", { class: "word" }, seen),
    el("span", { class: "score" }, score.toFixed(2)),
    el("span", { class: "chance" }, confidenceText(probability)),
  );
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
