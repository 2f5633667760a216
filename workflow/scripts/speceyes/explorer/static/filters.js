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

function anyError(index) {
  return Boolean(current.draft.errored[index] || current.agent.errored[index]) || current.screen.status[index] !== "ok";
}

function changesHands(index) {
  return Boolean(current.accepts(index, levels.now)) !== Boolean(current.accepts(index, levels.pinned));
}

/** What may be shown of the samples; each filter has the words of its button and of its tooltip. */
const FILTERS = {
  all: { title: "All", hint: "Every sample of the split", keeps: () => true },
  moved: {
    title: "Changes hands",
    hint: "Answered by another one than at the pinned threshold",
    keeps: changesHands,
  },
  "wrong-accepted": {
    title: "Wrong but accepted",
    hint: "The draft’s answer was accepted and is wrong",
    keeps: (index) => current.accepts(index, levels.now) && outcome(current.draft, index, state.scorer) === "wrong",
  },
  "right-deferred": {
    title: "Right but deferred",
    hint: "The draft’s answer is right, yet the agent was asked",
    keeps: (index) => !current.accepts(index, levels.now) && outcome(current.draft, index, state.scorer) === "right",
  },
  errors: { title: "Errors", hint: "Screening, draft or agent ended without an answer", keeps: anyError },
  disagree: {
    title: "Scorers disagree",
    hint: "The answer kept is scored differently by the two scorers",
    keeps: (index) => scorersDisagree(current.kept(index, levels.now), index),
  },
  unread: {
    title: "Judge unread",
    hint: "The judge’s reply on the answer kept could not be read",
    keeps: (index) => judgeUnread(current.kept(index, levels.now), index),
  },
};

const ORDERS = {
  stored: null,
  confidence: (one, other) => current.confidence[other] - current.confidence[one],
  seconds: (one, other) => current.agent.latency_s[other] - current.agent.latency_s[one],
};

/** Indexes of the samples shown, in order, and how many each filter would show. */
function shownSamples() {
  const words = state.find.trim().toLowerCase();
  const indexes = [...Array(current.count).keys()].filter((index) => !words || searchText(index).includes(words));
  const counts = {};
  for (const [name, filter] of Object.entries(FILTERS)) counts[name] = indexes.filter(filter.keeps).length;
  const shown = indexes.filter(FILTERS[state.show].keeps);
  return { counts, shown: ORDERS[state.order] ? shown.sort(ORDERS[state.order]) : shown };
}

function searchText(index) {
  const { sample_id: ids, question, gold, options, category } = current.split.samples;
  const texts = [ids[index], question[index], gold[index], category[index], ...options[index]];
  return [...texts, current.draft.answer[index], current.agent.answer[index]].join("\n").toLowerCase();
}
