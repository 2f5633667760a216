"""The published loops once more, plainly, from docs/protocol.md alone: what the library's loops are held against.

An oracle takes the texts that the model would write and tells the history before each of them, the status and
the answer. A history is a list of (role, text) pairs; a picture in it is written as ``[width x height]``. Nothing
is imported from the library.
"""

from __future__ import annotations

import json
import math

STEPS = {"deepeyes": 6, "thyme": 5}


def deepeyes(texts, picture, view, opening, instruction):
    """Rules D1 to D6. Returns (histories, status, answer)."""
    history = [*opening]
    histories = []
    for text in texts[: STEPS["deepeyes"]]:
        histories.append([*history])
        history.append(("assistant", text))
        if "<tool_call>" not in text:
            history.append(("user", instruction))
        else:
            call = text[text.index("<tool_call>") + len("<tool_call>") :]
            for mark in ("<tool_call>", "</tool_call>"):
                if mark in call:
                    call = call[: call.index(mark)]
            try:
                parsed = json.loads(call.strip())
            except json.JSONDecodeError:
                history.append(("assistant", instruction))
            else:
                size = crop_size(parsed, picture, view)
                if size is None:
                    return histories, "error", ""
                history.append(("user", f"<tool_response>[{size[0]} x {size[1]}]{instruction}</tool_response>"))
        if "<answer>" in text:
            return histories, "ok", tagged(text) if "</answer>" in text else text
    return histories, "error", ""


def crop_size(call, picture, view):
    """Width and height of the crop, None where the published code breaks."""
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        return None
    box = call["arguments"].get("bbox_2d")
    if not isinstance(box, list) or len(box) != 4:
        return None
    edges = []
    for at, value in enumerate(box):
        if not isinstance(value, int | float):
            return None
        scaled = value * (picture[at % 2] / view[at % 2])
        if math.isnan(scaled) or math.isinf(scaled):
            return None
        edges.append(math.trunc(scaled))
    width = min(edges[2], picture[0]) - max(edges[0], 0)
    height = min(edges[3], picture[1]) - max(edges[1], 0)
    return (width, height) if width > 0 and height > 0 else None


def tagged(text):
    """What follows the first opening tag, up to the next tag of an answer."""
    rest = text[text.index("<answer>") + len("<answer>") :]
    ends = [rest.index(mark) for mark in ("<answer>", "</answer>") if mark in rest]
    return rest[: min(ends)].strip() if ends else rest.strip()


def thyme(texts, run, opening):
    """Rules T1 to T5; ``run`` tells what code prints, None where it fails. Returns (histories, status, answer).

    A history whose last pair is ("assistant", ...) is open, so that the model goes on writing it; after a failure
    before anything was written the history ends with ("no generation prompt", "").
    """
    written = ""
    failed_at_once = False
    histories = []
    for text in texts[: STEPS["thyme"]]:
        history = [*opening]
        if written:
            history.append(("assistant", written))
        elif failed_at_once:
            history.append(("no generation prompt", ""))
        histories.append(history)
        end = text.rstrip()
        if end.endswith("</answer>"):
            return (histories, "ok", tagged(end)) if "<answer>" in end else (histories, "error", "")
        if not end.endswith("</code>") or "<code>" not in end:
            return histories, "error", ""
        printed = run(unfenced(end[end.index("<code>") + len("<code>") : -len("</code>")]))
        if printed is None or not printed.strip():
            failed_at_once = True
        else:
            written += text + "<sandbox_output>" + printed.strip() + "</sandbox_output>"
    return histories, "error", ""


def unfenced(block):
    """The first fenced part, in any case and closed or not, else the block."""
    lower = block.lower()
    at = 0
    while (at := lower.find("```", at)) >= 0:
        at += 3
        for word in ("python", "py", ""):
            if lower.startswith(word, at):
                line_end = at + len(word)
                while line_end < len(block) and block[line_end] in " \t":
                    line_end += 1
                if block[line_end : line_end + 1] == "\n":
                    inside = block[line_end + 1 :]
                    return inside[: inside.index("```")] if "```" in inside else inside
    return block.strip()


def specreason(agent, steps_written, breaks, opening):
    """Rules S1 to S6; ``breaks`` tells whether a text's tool call ends the sample.

    ``steps_written`` are proposals, their scores, and replacements in the order in which they are asked for.
    Returns (histories of proposals, status, answer); a history is text, all steps joined by newlines, closed.
    """
    steps = []
    histories = []
    proposals, scores, replacements = steps_written
    replacements = list(replacements)
    for proposal, score in zip(proposals[:6], scores[:6], strict=True):
        histories.append([*opening, *([("assistant", "\n".join(steps))] if steps else [])])
        if score >= 7:
            step = proposal
        else:
            step = replacements.pop(0)
            if breaks(step):
                return histories, "error", ""
        steps.append(step)
        if agent == "thyme" and "answer" in step:
            return histories, "ok", step
        if agent == "deepeyes" and "<answer>" in step and "</answer>" in step:
            return histories, "ok", tagged(step)
    return histories, "error", ""
