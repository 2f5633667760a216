"use strict";

/** The passes of one agent on one split under one metric, K and batch size; a threshold chooses among their answers. */
class Selection {
  constructor(split, { agent, metric, k, batch }) {
    const times = split.times[agent][batch]; // answers are those of the main batch size at every other one
    const screen = { ...split.screens[agent], latency_s: times.screen_s };
    const draft = { ...(split.drafts[agent] ?? split.drafts.draft), latency_s: times.draft_s }; // in the agent's words
    Object.assign(this, { split, agentName: agent, metric, k, batch });
    this.count = split.samples.sample_id.length;
    this.draft = draft;
    this.draftAlone = { ...split.drafts.draft, latency_s: times.draft_s };
    this.screen = screen;
    this.agent = split.agents[agent];
    this.confidence = draft.confidences[draft.confidence_of[`${metric}-${k}`]];
    this.toolFree = screen.tool_free;
    this.separability = draft.separability[k];
  }

  accepts(index, threshold) {
    return this.toolFree[index] && this.confidence[index] > threshold; // strictly, as the gate does
  }

  /** Seconds of one sample, by phase. */
  seconds(index, threshold) {
    return {
      screen: this.screen.latency_s[index],
      draft: this.toolFree[index] ? this.draft.latency_s[index] : 0,
      agent: this.accepts(index, threshold) ? 0 : this.agent.latency_s[index],
    };
  }

  /** A duration in words: about so long where the sample was not timed and tokens and tool calls tell. */
  durationOf(index, seconds) {
    return `${this.agent.timed[index] ? "" : "about "}${duration(seconds)}`;
  }

  kept(index, threshold) {
    return this.accepts(index, threshold) ? this.draft : this.agent;
  }

  /** Accuracy under both scorers, speedup, α, β, seconds by phase of one threshold, over all samples. */
  measure(threshold) {
    const totals = new Totals();
    const phases = { screen: 0, draft: 0, agent: 0 };
    let toolFree = 0;
    let accepted = 0;
    for (let index = 0; index < this.count; index += 1) {
      const spent = this.seconds(index, threshold);
      totals.add(this.kept(index, threshold), index, spent.screen + spent.draft + spent.agent);
      for (const phase of Object.keys(phases)) phases[phase] += spent[phase] / this.count;
      toolFree += this.toolFree[index] ? 1 : 0;
      accepted += this.accepts(index, threshold) ? 1 : 0;
    }
    const shares = { toolFree, accepted, beta: ratio(toolFree, this.count), alpha: ratio(accepted, toolFree) };
    return { ...this.summary(totals), ...shares, phases };
  }

  /** The draft's or the agent's answers alone. */
  alone(answers) {
    const totals = new Totals();
    for (let index = 0; index < this.count; index += 1) totals.add(answers, index, answers.latency_s[index]);
    return this.summary(totals);
  }

  summary(totals) {
    const agentSeconds = this.agent.latency_s.reduce((sum, seconds) => sum + seconds, 0);
    return {
      ...totals.accuracies(),
      speedup: ratio(agentSeconds, totals.seconds),
      seconds: ratio(totals.seconds, this.count),
    };
  }
}

class Totals {
  constructor() {
    this.seconds = 0;
    this.right = Object.fromEntries(SCORERS.map((scorer) => [scorer, 0]));
    this.counted = Object.fromEntries(SCORERS.map((scorer) => [scorer, 0]));
  }

  add(answers, index, seconds) {
    this.seconds += seconds;
    for (const scorer of SCORERS) {
      this.right[scorer] += answers[scorer].right[index];
      this.counted[scorer] += answers[scorer].counted[index];
    }
  }

  accuracies() {
    const accuracy = Object.fromEntries(
      SCORERS.map((scorer) => [scorer, ratio(this.right[scorer], this.counted[scorer])]),
    );
    return { accuracy, counted: this.counted, right: this.right };
  }
}

const ROUNDING = 1e-9; // an accuracy that equals the limit is within it

function ratio(numerator, denominator) {
  return denominator ? numerator / denominator : null;
}

/** Accuracy and speedup at any threshold, after one sort: draft answers are accepted from the most confident down. */
class Curve {
  constructor(selection, scorer) {
    const agent = selection.agent;
    const order = [...selection.confidence.keys()].filter((index) => selection.toolFree[index]);
    order.sort((one, other) => selection.confidence[other] - selection.confidence[one]);
    const none = selection.measure(Infinity);
    this.confidences = order.map((index) => selection.confidence[index]);
    this.right = running(none.right[scorer], order, (i) => selection.draft[scorer].right[i] - agent[scorer].right[i]);
    this.counted = running(
      none.counted[scorer],
      order,
      (i) => selection.draft[scorer].counted[i] - agent[scorer].counted[i],
    );
    this.seconds = running(none.seconds * selection.count, order, (i) => -agent.latency_s[i]);
    this.agentSeconds = agent.latency_s.reduce((sum, seconds) => sum + seconds, 0);
  }

  /** How many draft answers are accepted: a binary search for the first confidence that is not above. */
  accepted(threshold) {
    let low = 0;
    let high = this.confidences.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.confidences[middle] > threshold) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The lowest threshold down to which accuracy stays above a limit all the way; null where none does. */
  lastAbove(limit) {
    let last = null;
    for (let accepted = 0; accepted <= this.confidences.length; accepted += 1) {
      const threshold = this.confidences[accepted] ?? 0;
      if (this.accepted(threshold) !== accepted) continue; // of equal confidences all are above a threshold, or none
      if (!(this.right[accepted] / this.counted[accepted] >= limit - ROUNDING)) break;
      last = threshold;
    }
    return last;
  }

  at(threshold) {
    const accepted = this.accepted(threshold);
    return {
      accuracy: ratio(this.right[accepted], this.counted[accepted]),
      speedup: ratio(this.agentSeconds, this.seconds[accepted]),
    };
  }
}

function running(start, order, change) {
  const sums = new Float64Array(order.length + 1);
  sums[0] = start;
  order.forEach((index, place) => {
    sums[place + 1] = sums[place] + change(index);
  });
  return sums;
}
