"use strict";

/** What both scorers say of the draft's and the agent's answer, and who decided. */
function verdicts(index) {
  const rows = [
    ["Draft", current.draft],
    [agentName(state.agent), current.agent],
  ].map(([name, answers]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", { class: "answer" }, answers.answer[index] || answers.error[index] || "no answer"),
      SCORERS.map((scorer) => el("td", {}, verdict(answers, index, scorer))),
    ),
  );
  const heads = ["answer", ...SCORERS].map((title) => el("th", { scope: "col" }, title));
  return el(
    "section",
    { class: "verdicts", "aria-labelledby": "verdicts-title" },
    el("h3", { class: "unseen", id: "verdicts-title" }, "Verdicts of both scorers"),
    el("table", {}, el("thead", {}, el("tr", {}, el("td", {}), heads)), el("tbody", {}, rows)),
  );
}

function verdict(answers, index, scorer) {
  const result = outcome(answers, index, scorer);
  const { decided_by: decided, reply } = answers[scorer];
  const how = result === "error" ? answers.status[index] : decided[index];
  return [
    el("span", { class: `mark ${result}` }, `${MARKS[result]} ${result}`),
    el("span", { class: "how", title: reply[index] || null }, ` ${how}`),
    reply[index] && el("span", { class: "reply" }, `“${reply[index].slice(0, 200)}”`),
  ];
}
