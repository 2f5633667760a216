"""Calls of tools: as text between tags, which records keep, and as the messages of OpenAI's function calling."""

from __future__ import annotations

import json
import re
from typing import Any

from speceyes.engines.base import Tool

TOOL_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)


def call_text(name: str, arguments: str) -> str:
    """A call as text; arguments that are no JSON stay the string that the model wrote."""
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        parsed = arguments
    return f"<tool_call>{json.dumps({'name': name, 'arguments': parsed}, ensure_ascii=False)}</tool_call>"


def wire_call(text: str, call_id: str) -> dict[str, Any] | None:
    """The first call of a text as a message holds it; None where there is none that has a name."""
    found = TOOL_CALL.search(text)
    try:
        call = json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return None
    arguments = call.get("arguments", {})
    written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": call_id, "type": "function", "function": {"name": call["name"], "arguments": written}}


def wire_tool(tool: Tool) -> dict[str, Any]:
    """A tool as a request declares it."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
