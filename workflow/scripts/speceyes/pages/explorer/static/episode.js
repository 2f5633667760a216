"use strict";

/** The agent's turns, one card each. */
function episode(index) {
  const { turns, status, error, latency_s: seconds } = current.agent;
  const title = `${agentName(state.agent)}: ${counted(turns[index].length, "turn")}, ${current.durationOf(index, seconds[index])}`;
  return el(
    "section",
    { class: "episode", "aria-label": "The agent’s turns" },
    el("h3", {}, title, status[index] !== "ok" && el("span", { class: "tag bad" }, status[index].replaceAll("_", " "))),
    error[index] && el("p", { class: "bad" }, error[index]),
    el("ol", { class: "turns" }, turns[index].map(turnCard)),
  );
}

function turnCard(turn, place) {
  const facts = [`turn ${place + 1}`, counted(turn.generated_tokens, "token")];
  return el(
    "li",
    {},
    el("p", { class: "note" }, facts.join(" · ")),
    turn.text.trim() && el("pre", { class: "text" }, turn.text),
    turn.tool && toolUse(turn.tool, place + 1),
  );
}

function toolUse(tool, turn) {
  const isCode = tool.name === "code";
  // No seconds: other samples' tools ran at the same time.
  return el(
    "div",
    { class: "tool" },
    el(
      "p",
      { class: "note" },
      el("b", {}, isCode ? "Code" : tool.name),
      el("span", { class: `tag ${tool.status === "ok" ? "good" : "bad"}` }, tool.status.replaceAll("_", " ")),
      tool.box.length ? boxWords(tool.box) : "",
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
    tool.images.length > 0 &&
      el(
        "div",
        { class: "crops" },
        tool.images.map((number, place) => crop(number, place, tool, turn)),
      ),
  );
}

function crop(number, place, tool, turn) {
  const source = pictureSource(number);
  const cut = tool.box.length ? `, the ${boxWords(tool.box)} of the picture` : "";
  const words = `Turn ${turn}, picture ${place + 1} of ${tool.images.length} that ${tool.name} returned${cut}`;
  return source
    ? el("img", { src: source, alt: words, loading: "lazy" })
    : el("p", { class: "hint" }, "A picture cannot be read.");
}
