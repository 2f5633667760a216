"use strict";

/** What the list knows of a sample as a setting sees it: by these columns it is sorted, grouped and exported. */
const COLUMNS = {
  stored: { title: "as stored", of: (seen, index) => index },
  split: { title: "split", of: (seen) => splitKey(seen.selection.split), groups: true },
  category: { title: "category", of: (seen, index) => seen.selection.split.samples.category[index], groups: true },
  answered_by: { title: "who answers", of: answeredBy, groups: true },
  verdict: {
    title: "verdict",
    of: (seen, index) => outcome(seen.selection.kept(index, seen.now), index, seen.scorer),
    groups: true,
  },
  confidence: { title: "confidence", of: ({ selection }, index) => selection.confidence[index] },
  seconds: { title: "seconds", of: (seen, index) => secondsOf(seen, index) },
  agent_seconds: { title: "agent’s seconds", of: ({ selection }, index) => selection.agent.latency_s[index] },
  draft_tokens: { title: "draft’s tokens", of: ({ selection }, index) => selection.draft.length[index] },
  agent_turns: {
    title: "agent’s turns",
    of: ({ selection }, index) => selection.agent.turns[index].length,
    groups: true,
  },
};

/** "draft", or the agent's name. */
function answeredBy({ selection, now }, index) {
  return selection.accepts(index, now) ? "draft" : selection.agentName;
}

function secondsOf({ selection, now }, index) {
  const { screen, draft, agent } = selection.seconds(index, now);
  return screen + draft + agent;
}

/** A comparison of two listed samples by a column's name, which a minus before it turns round. */
function byColumn(name) {
  const { of } = COLUMNS[columnOf(name)];
  const way = name.startsWith("-") ? -1 : 1;
  return (one, other) => way * compared(of(one.seen, one.index), of(other.seen, other.index));
}

function columnOf(name) {
  return name.replace(/^-/, "");
}

function compared(one, other) {
  if (typeof one === "string") return one.localeCompare(other, "en", { numeric: true });
  return (known(one) ? one : -Infinity) - (known(other) ? other : -Infinity);
}
