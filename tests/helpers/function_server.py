"""An OpenAI-compatible server that calls functions: it asks for the tool first and answers once it was answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

END = "<|im_end|>"
ANSWER = "I looked. <answer>A</answer>"


class FunctionServer(ThreadingHTTPServer):
    """Keeps every request's body; ``arguments`` are those of its calls, as JSON text."""

    def __init__(self, arguments: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arguments = arguments
        self.bodies: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: FunctionServer

    def log_message(self, *_) -> None: ...

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        payload = json.dumps(_completion(body, _message(body, self.server.arguments))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _message(body: dict[str, Any], arguments: str) -> dict[str, Any]:
    if not body.get("tools"):
        return {"role": "assistant", "content": "yes"}
    calls = {call["id"] for message in body["messages"] for call in message.get("tool_calls", ())}
    answered = {message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"}
    assert calls == answered, "every call is answered before the next message"
    if calls:
        return {"role": "assistant", "content": ANSWER}
    name = body["tools"][0]["function"]["name"]
    call = {"id": "chatcmpl-tool-1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _completion(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    pieces = [*(message["content"] or "call").split(), END]
    entries = [{"token": piece, "logprob": -0.1, "bytes": None, "top_logprobs": []} for piece in pieces]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
        "stop_reason": None,
        "token_ids": list(range(len(pieces))),
        "logprobs": {"content": entries},
    }
    usage = {"prompt_tokens": 9, "completion_tokens": len(pieces), "total_tokens": 9 + len(pieces)}
    completion = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
    return completion | {"choices": [choice], "usage": usage}


@contextmanager
def function_server(arguments: str) -> Iterator[FunctionServer]:
    """A server that answers as long as the context lasts."""
    server = FunctionServer(arguments)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
