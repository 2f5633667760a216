"use strict";

/** How an answer fares under a scorer: right, wrong, error, or unscored where the judge could not be read. */
function outcome(answers, index, scorer) {
  if (answers.errored[index]) return "error";
  if (!answers[scorer].counted[index]) return "unscored";
  return answers[scorer].right[index] ? "right" : "wrong";
}

function scorersDisagree(answers, index) {
  const [one, other] = SCORERS.map((scorer) => outcome(answers, index, scorer));
  return one !== other;
}

function judgeUnread(answers, index) {
  return SCORERS.some((scorer) => ["unparsed", "missing"].includes(answers[scorer].decided_by[index]));
}

function anyError({ selection }, index) {
  const { screen, draft, agent } = selection;
  return screen.status[index] !== "ok" || Boolean(draft.errored[index] || agent.errored[index]);
}

function changesHands({ selection, now, pinned }, index) {
  return selection.accepts(index, now) !== selection.accepts(index, pinned);
}

/** Whether the draft fares so and its answer is kept, or not kept. */
function drafted({ selection, now, scorer }, index, result, kept) {
  return selection.accepts(index, now) === kept && outcome(selection.draft, index, scorer) === result;
}

/** What may be shown of the samples; each filter has the words of its button and of its tooltip. */
const FILTERS = {
  all: { title: "All", hint: "Every sample of the split", keeps: () => true },
  moved: { title: "Changes hands", hint: "Answered by another one than at the pinned threshold", keeps: changesHands },
  "wrong-accepted": {
    title: "Wrong but accepted",
    hint: "The draft’s answer was accepted and is wrong",
    keeps: (seen, index) => drafted(seen, index, "wrong", true),
  },
  "right-deferred": {
    title: "Right but deferred",
    hint: "The draft’s answer is right, yet the agent was asked",
    keeps: (seen, index) => drafted(seen, index, "right", false),
  },
  errors: { title: "Errors", hint: "Screening, draft or agent ended without an answer", keeps: anyError },
  disagree: {
    title: "Scorers disagree",
    hint: "The answer kept is scored differently by the two scorers",
    keeps: ({ selection, now }, index) => scorersDisagree(selection.kept(index, now), index),
  },
  unread: {
    title: "Judge unread",
    hint: "The judge’s reply on the answer kept could not be read",
    keeps: ({ selection, now }, index) => judgeUnread(selection.kept(index, now), index),
  },
};

/** What the list looks at: this split, or each split that the agent answers, as the setting sees them. */
function seenSplits() {
  if (state.scope === "split") return [view];
  return study.splits.filter((split) => agentsOf(split).includes(state.agent)).map(seenSplit);
}

function seenSplit(split) {
  return splitKey(split) === state.split ? view : seenOf({ ...state, split: splitKey(split) });
}

/** The samples shown, in order and under their groups' headings, and how many each filter would show. */
function shownSamples() {
  const found = seenSplits().flatMap((seen) => matching(seen).map((index) => ({ seen, index })));
  const counts = {};
  for (const [name, filter] of Object.entries(FILTERS))
    counts[name] = found.filter(({ seen, index }) => filter.keeps(seen, index)).length;
  const kept = found.filter(({ seen, index }) => FILTERS[state.show].keeps(seen, index));
  if (state.order !== "stored") kept.sort(byColumn(state.order));
  return { counts, shown: state.group === "none" ? kept : grouped(kept) };
}

/** Groups by a column's values, each under a heading. */
function grouped(items) {
  const groups = new Map();
  for (const item of items) {
    const value = COLUMNS[state.group].of(item.seen, item.index);
    groups.set(value, [...(groups.get(value) ?? []), item]);
  }
  const sorted = [...groups].sort(([one], [other]) => compared(one, other));
  return sorted.flatMap(([value, members]) => [
    { heading: String(value) || "none", count: members.length },
    ...members,
  ]);
}

/** What is listed less the headings. */
function samplesOf(items) {
  return items.filter((item) => item.seen);
}

/** Indexes of the samples that hold the words looked for. */
function matching({ selection }) {
  const words = state.find.trim().toLowerCase();
  const indexes = [...Array(selection.count).keys()];
  return words ? indexes.filter((index) => searchText(selection, index).includes(words)) : indexes;
}

/** Where else the filter finds something, as [split, threshold, how many]: other splits, or else other thresholds. */
function foundElsewhere() {
  const views = study.splits.filter((split) => agentsOf(split).includes(state.agent)).map(seenSplit);
  const others = views.filter((seen) => seen.selection.split !== current.split);
  const found = others.map((seen) => [seen.selection.split, state.threshold, countFound(seen)]);
  const places = found.filter(([, , count]) => count);
  return places.length ? places : views.map(nearestFinding).filter(Boolean);
}

function countFound(seen) {
  return matching(seen).filter((index) => FILTERS[state.show].keeps(seen, index)).length;
}

/** The nearest threshold of the grid at which a view finds something, null if there is none. */
function nearestFinding(seen) {
  const { split } = seen.selection;
  const far = (threshold) => Math.abs(logit(threshold) - logit(seen.now));
  for (const now of [...split.thresholds].sort((one, other) => far(one) - far(other))) {
    const count = countFound({ ...seen, now });
    if (count) return [split, now, count];
  }
  return null;
}

function searchText({ split, draft, agent }, index) {
  const { sample_id: ids, question, gold, options, category } = split.samples;
  const texts = [ids[index], question[index], gold[index], category[index], ...options[index]];
  return [...texts, draft.answer[index], agent.answer[index]].join("\n").toLowerCase();
}
