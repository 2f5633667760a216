"""A judge's HTTP server that fails in every way a server can, and a client that asks it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from speceyes.judging.chat import JudgeSetup
from speceyes.judging.client import JudgeClient
from speceyes.judging.settings import ClientSettings

FAST = ClientSettings(backoff_s=0.01, timeout_s=5.0, concurrency=4, attempts=4)
PROBE = "Is red the same as red?"


def completion(text, **choice) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}} | choice]}).encode()


def everything(reply: str) -> bool:
    return True


def marked(reply: str) -> bool:
    return "Judgement" in reply


class FakeJudge:
    """Serves chat completions.

    ``misbehave(prompt, times_asked)`` gives (status, body), (status, body, headers), a function of the handler that
    writes to the socket itself, or None for a good answer. The probe counts as a prompt.
    """

    def __init__(self, misbehave=lambda prompt, times: None, delay=0.0):
        self.asked: Counter[str] = Counter()
        self.requests: list[dict] = []
        self.headers: list[dict] = []
        self.opened = 0
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._misbehave = misbehave
        self._delay = delay

    def answer(self, request: dict):
        prompt = request["messages"][-1]["content"]
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self.asked[prompt] += 1
            self.requests.append(request)
            times = self.asked[prompt]
        time.sleep(self._delay)
        bad = self._misbehave(prompt, times)
        with self._lock:
            self._now -= 1
        good = "Judgement: 1" if prompt == PROBE else f" reply to {prompt}\n"
        return bad or (200, completion(good))

    @contextmanager
    def open(self):
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                judge.headers.append({name.lower(): value for name, value in self.headers.items()})
                answer = judge.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                with suppress(OSError):  # the client may not wait
                    if callable(answer):
                        self.close_connection = True
                        answer(self)
                    else:
                        self.send(*answer)

            def send(self, status, content, headers=()):
                if status == 0:  # hang up without an answer
                    self.connection.close()
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.opened += 1
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Client(JudgeClient):
    """A client whose replies all hold verdicts, if the test does not say otherwise."""

    def replies(self, prompts, holds_verdict=everything):
        return super().replies(dict.fromkeys(prompts, holds_verdict))


def client(judge: FakeJudge, cache, settings=FAST, system="") -> Client:
    return Client(judge.open, JudgeSetup("tiny", system, PROBE, settings), cache)
