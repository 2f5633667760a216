"use strict";

/** The four phases as this setting takes them, with their times to scale. */
function route(index) {
  const spent = current.seconds(index, view.now);
  const total = spent.screen + spent.draft + spent.agent;
  const alone = current.agent.latency_s[index];
  const longest = Math.max(total, alone);
  return [
    el("h3", { class: "unseen", id: "route-title" }, "Route through the funnel"),
    el("ol", { class: "phases" }, phases(index, spent).map(phase)),
    el(
      "div",
      { class: "times" },
      timeLine("this setting", spent, longest, total),
      timeLine("agent alone", { agent: alone }, longest, alone),
    ),
    !current.agent.timed[index] &&
      el("p", { class: "note" }, "This sample was not timed: its seconds are estimated from tokens and tool calls."),
  ];
}

function phases(index, spent) {
  const toolFree = current.toolFree[index];
  const accepted = current.accepts(index, view.now);
  const { screen, draft, agent } = current;
  const sign = current.confidence[index] > view.now ? ">" : "≤";
  const digits = Math.abs(current.confidence[index] - view.now) < 1e-4 ? 7 : undefined; // else both might read the same
  return [
    {
      title: "Screening",
      name: "screen",
      says: screen.error[index] || screen.text[index] || "nothing",
      note: toolFree ? "tool-free" : "wants tools",
      seconds: spent.screen,
    },
    {
      title: "Draft",
      name: "draft",
      says: draft.answer[index] || draft.error[index] || "no answer",
      note: toolFree ? null : "not asked in this setting",
      idle: !toolFree,
      seconds: spent.draft,
      verdict: outcome(draft, index, state.scorer),
    },
    {
      title: "Gate",
      says: `${confidenceText(current.confidence[index], digits)} ${sign} ${confidenceText(view.now, digits)}`,
      note: toolFree ? (accepted ? "accepted" : "deferred") : "not reached",
      idle: !toolFree,
      tone: accepted ? "kept" : null,
    },
    {
      title: agentName(state.agent),
      name: "agent",
      says: agent.answer[index] || agent.error[index] || "no answer",
      note: accepted ? `saved ${current.durationOf(index, agent.latency_s[index])}` : null,
      idle: accepted,
      seconds: spent.agent,
      verdict: outcome(agent, index, state.scorer),
    },
  ];
}

function phase({ title, name, says, note, idle, seconds, verdict, tone }) {
  const classes = ["phase", idle && "idle", tone].filter(Boolean).join(" ");
  return el(
    "li",
    { class: classes },
    el(
      "h4",
      {},
      name && el("span", { class: `dot ${name}` }),
      title,
      verdict && el("span", { class: `mark ${verdict}`, title: verdict }, ` ${MARKS[verdict]}`),
    ),
    el("p", { class: "says" }, says.slice(0, 160)),
    el("p", { class: "note" }, [note, seconds ? duration(seconds) : null].filter(Boolean).join(" · ")),
  );
}

function timeLine(title, seconds, longest, total) {
  return el(
    "div",
    { class: "time" },
    el("span", {}, title),
    track(seconds, longest),
    el("span", { class: "figure" }, duration(total)),
  );
}

/** Seconds by phase as bars to scale. */
function track(seconds, longest) {
  const bars = Object.entries(seconds).map(([name, value]) => {
    const bar = el("span", { class: `bar ${name}` });
    bar.style.setProperty("width", `${longest ? (100 * value) / longest : 0}%`);
    return bar;
  });
  const words = Object.entries(seconds).map(([name, value]) => `${name} ${duration(value)}`);
  return el("span", { class: "track", role: "img", "aria-label": words.join(", "), title: words.join(", ") }, bars);
}

/** What the colours of the bars stand for, as the head of a column. */
function phaseLegend() {
  const phases = { screen: "screening", draft: "draft", agent: "agent" };
  const parts = Object.entries(phases).map(([name, title]) => el("span", {}, el("span", { class: `dot ${name}` }), title));
  return el("span", { class: "legend" }, parts);
}
