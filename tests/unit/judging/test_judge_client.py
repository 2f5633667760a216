"""The judge's client against a real HTTP server that fails in every way a server can."""

import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from speceyes.judging.cache import ReplyCache
from speceyes.judging.client import JudgeClient, JudgeError
from speceyes.judging.settings import ClientSettings

FAST = ClientSettings(backoff_s=0.01, timeout_s=5.0, concurrency=4, attempts=4)


def completion(text) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


class FakeJudge:
    """Serves chat completions; ``misbehave(prompt, times_asked)`` gives (status, body) or None for a good answer."""

    def __init__(self, misbehave=lambda prompt, times: None, delay=0.0):
        self.asked: Counter[str] = Counter()
        self.requests: list[dict] = []
        self.opened = 0
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._misbehave = misbehave
        self._delay = delay

    def answer(self, request: dict) -> tuple[int, bytes]:
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
        return bad or (200, completion(f" reply to {prompt}\n"))

    @contextmanager
    def open(self):
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, content = judge.answer(json.loads(body))
                if status == 0:  # hang up without an answer
                    self.connection.close()
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.opened += 1
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def cache(tmp_path):
    return ReplyCache(tmp_path, "judge one")


def client(judge: FakeJudge, cache, settings=FAST, system="") -> JudgeClient:
    return JudgeClient(judge.open, "tiny", system, cache, settings)


def test_each_distinct_prompt_is_asked_once(cache):
    judge = FakeJudge()
    with client(judge, cache) as asking:
        assert asking.replies(["b", "a", "b"]) == {"a": "reply to a", "b": "reply to b"}
    assert judge.asked == {"a": 1, "b": 1}
    message = {"role": "user", "content": "a"}
    assert {"model": "tiny", "messages": [message], "max_tokens": 64, "temperature": 0.0} in judge.requests


def test_a_system_message_comes_first(cache):
    judge = FakeJudge()
    with client(judge, cache, system="Be fair.") as asking:
        asking.replies(["a"])
    assert judge.requests[0]["messages"] == [
        {"role": "system", "content": "Be fair."},
        {"role": "user", "content": "a"},
    ]


def test_the_judge_is_opened_once_and_only_for_missing_replies(cache):
    judge = FakeJudge()
    with client(judge, cache) as asking:
        asking.replies([])
        assert judge.opened == 0
        asking.replies(["a"])
        asking.replies(["a", "b"])
    with client(judge, cache) as asking:
        assert asking.replies(["a", "b"]) == {"a": "reply to a", "b": "reply to b"}
    assert judge.opened == 1
    assert judge.asked == {"a": 1, "b": 1}


def test_another_request_is_another_reply(cache):
    judge = FakeJudge()
    for system, length in (("", 64), ("Be fair.", 64), ("", 8), ("", 64)):
        with client(judge, cache, FAST.model_copy(update={"max_tokens": length}), system) as asking:
            asking.replies(["a"])
    assert judge.asked["a"] == 3


def test_requests_run_side_by_side_up_to_the_limit(cache):
    judge = FakeJudge(delay=0.05)
    with client(judge, cache) as asking:
        asking.replies(map(str, range(12)))
    assert judge.most_at_once == FAST.concurrency


@pytest.mark.parametrize(
    "trouble",
    [
        (500, b"{}"),
        (503, b"overloaded"),
        (429, b'{"error": {"message": "slow down"}}'),
        (408, b""),
        (0, b""),
        (200, b"<html>a proxy's page</html>"),
        (200, b'{"choices": []}'),
        (200, b'{"choices": [{"message": {}}]}'),
        (200, b'{"choices": 5}'),
        (200, b"\xff\xfe"),
    ],
)
def test_passing_trouble_is_tried_again(cache, trouble):
    judge = FakeJudge(lambda prompt, times: trouble if times < 3 else None)
    with client(judge, cache) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}
    assert judge.asked["a"] == 3


def test_a_slow_answer_counts_as_lost(cache):
    def first_is_slow(prompt, times):
        if times == 1:
            time.sleep(1.0)

    judge = FakeJudge(first_is_slow)
    with client(judge, cache, FAST.model_copy(update={"timeout_s": 0.3})) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}
    assert judge.asked["a"] == 2


def test_lasting_trouble_ends_in_one_line_and_loses_no_reply(cache):
    failure = (500, b'{"error": {"message": "out of\\nmemory"}}')
    judge = FakeJudge(lambda prompt, times: failure if prompt == "z" else None)
    one_by_one = FAST.model_copy(update={"concurrency": 1})
    with client(judge, cache, one_by_one) as asking, pytest.raises(JudgeError) as caught:
        asking.replies(["a", "b", "z"])
    assert "failed 4 times" in str(caught.value)
    assert "\n" not in str(caught.value)
    recovered = FakeJudge()
    with client(recovered, cache) as asking:
        assert asking.replies(["a", "b", "z"])["a"] == "reply to a"
    assert recovered.asked == {"z": 1}


def test_a_wrong_model_name_is_not_tried_again(cache):
    judge = FakeJudge(lambda prompt, times: (404, b'{"error": {"message": "no such model: tiny"}}'))
    with client(judge, cache) as asking, pytest.raises(JudgeError, match=r"no such model.*is judge.server.served_name"):
        asking.replies(["a"])
    assert judge.asked["a"] == 1


def test_a_refused_prompt_stays_unread_and_is_asked_again_next_time(cache):
    judge = FakeJudge(lambda prompt, times: (400, b'{"error": {"message": "too long"}}') if len(prompt) > 5 else None)
    with client(judge, cache) as asking:
        assert asking.replies(["short", "very long"]) == {"short": "reply to short", "very long": ""}
        asking.replies(["short", "very long"])
    assert judge.asked == {"short": 1, "very long": 2}


def test_an_empty_reply_is_a_reply(cache):
    judge = FakeJudge(lambda prompt, times: (200, completion(None)))
    with client(judge, cache) as asking:
        assert asking.replies(["a"]) == {"a": ""}
        asking.replies(["a"])
    assert judge.asked["a"] == 1


def test_a_judge_that_does_not_open(cache):
    @contextmanager
    def broken():
        raise JudgeError("the judge's server ended with code 1")
        yield

    with JudgeClient(broken, "tiny", "", cache, FAST) as asking, pytest.raises(JudgeError, match="code 1"):
        asking.replies(["a"])


def test_a_judge_nobody_serves(cache):
    @contextmanager
    def gone():
        with FakeJudge().open() as url:
            pass
        yield url

    with JudgeClient(gone, "tiny", "", cache, FAST) as asking, pytest.raises(JudgeError, match="failed 4 times"):
        asking.replies(["a"])


def test_a_local_judge_is_reached_past_the_environments_proxy(cache, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with client(FakeJudge(), cache) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}
