"""Thyme's corrected loop: it stops where greedy decoding would only write the same failing code again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from speceyes.agents.base import Ending, Loop, Task
from speceyes.agents.dialogue import answer_text, last_answer
from speceyes.engines.base import Part

if TYPE_CHECKING:
    from speceyes.agents.thyme import Thyme

CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)


def corrected(agent: Thyme, task: Task) -> Loop:
    """Let the assistant's turn grow by text and by what its code returns, until there is an answer between its tags."""
    opening = agent.opening(task)
    written: list[Part] = []
    told = False
    for _ in range(agent.settings.max_iterations):
        step = yield agent.continuation(opening, written)
        block = CODE.search(step.text)
        result = agent.run_code(step, agent.unfenced(block[1]), task) if block else None
        if (answer := answer_text(step.text)) is not None:
            return Ending("ok", answer)
        if result is None:
            if step.generation.stop_reason != "stop_string":
                return Ending("no_answer", step.text)
            written += [step.text]
        elif result.status == "ok":
            written += [step.text, *agent.output(result)]
        elif agent.settings.on_error == "tell" and not told:
            written += [step.text, *agent.shown(f"Error: {result.error}")]
            told = True
        else:
            # The history is as it was, and greedy decoding writes the same failing code again.
            return Ending("repeats_itself", "")
    return Ending("no_answer", last_answer(step.text))
