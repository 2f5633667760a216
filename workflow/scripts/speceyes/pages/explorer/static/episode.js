"use strict";

/** The agent's turns, one card each. */
function episode(index) {
  const { turns, status, error, latency_s: seconds } = current.agent;
  const title = `${agentName(state.agent)}: ${counted(turns[index].length, "turn")}, ${duration(seconds[index])}`;
  return el(
    "section",
    { class: "episode", "aria-label": "The agent’s turns" },
    el("h3", {}, title, status[index] !== "ok" && el("span", { class: "tag bad" }, status[index].replaceAll("_", " "))),
    error[index] && el("p", { class: "bad" }, error[index]),
    el("ol", { class: "turns" }, turns[index].map(turnCard)),
  );
}

function turnCard(turn, place) {
  const facts = [`turn ${place + 1}`, duration(turn.latency_s), counted(turn.generated_tokens, "token")];
  return el(
    "li",
    {},
    el("p", { class: "note" }, facts.join(" · ")),
    turn.text.trim() && el("pre", { class: "text" }, turn.text),
    turn.tool && toolUse(turn.tool),
  );
}

function toolUse(tool) {
  const isCode = tool.name === "code";
  const facts = [
    tool.box.length ? `box ${tool.box.slice(0, 2).join(", ")} to ${tool.box.slice(2).join(", ")}` : null,
    duration(tool.latency_s),
  ];
  return el(
    "div",
    { class: "tool" },
    el(
      "p",
      { class: "note" },
      el("b", {}, isCode ? "Code" : tool.name),
      el("span", { class: `tag ${tool.status === "ok" ? "good" : "bad"}` }, tool.status.replaceAll("_", " ")),
      facts.filter(Boolean).join(" · "),
    ),
    tool.arguments &&
      el(
        "details",
        { open: isCode },
        el("summary", {}, isCode ? "As it was run" : "As it was called"),
        el("pre", {}, tool.arguments),
      ),
    tool.detail && el("p", { class: "bad" }, tool.detail),
    tool.output && el("pre", { class: "output", "aria-label": "Output" }, tool.output),
    tool.images.length > 0 && el("div", { class: "crops" }, tool.images.map(crop)),
  );
}

function crop(number, place) {
  const source = pictureSource(number);
  return source
    ? el("img", { src: source, alt: `Picture ${place + 1} that the tool returned`, loading: "lazy" })
    : el("p", { class: "hint" }, "A picture cannot be read.");
}
