"""The judge's client against a real HTTP server that fails in every way a server can."""

import gzip
import json
import logging
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from speceyes.engines.access import KeyMissingError
from speceyes.judging.cache import ReplyCache
from speceyes.judging.chat import LARGEST_BODY, Asking, JudgeError
from speceyes.judging.client import PATIENCE, JudgeClient
from speceyes.judging.server import external_judge
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


@pytest.fixture
def cache(tmp_path):
    return ReplyCache(tmp_path, "judge one")


class Client(JudgeClient):
    """A client whose replies all hold verdicts, if the test does not say otherwise."""

    def replies(self, prompts, holds_verdict=everything):
        return super().replies(dict.fromkeys(prompts, holds_verdict))


def client(judge: FakeJudge, cache, settings=FAST, system="") -> Client:
    return Client(judge.open, Asking("tiny", system, PROBE, settings), cache)


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


SICK = {
    "failing": lambda: (500, b'{"error": {"message": "out of\\nmemory"}}'),
    "hanging up": lambda: (0, b""),
    "too long": lambda: (400, b'{"error": {"message": "too long"}}'),
    "overloaded": lambda: (400, b'{"error": {"message": "overloaded"}}'),
    "too large": lambda: (413, b"<html>"),
    "unprocessable": lambda: (422, b"{}"),
    "null": lambda: (200, completion(None)),
    "empty": lambda: (200, completion("")),
    "unread": lambda: (200, completion("Well...")),
    "cut": lambda: (200, completion("Let me think", finish_reason="length")),
    "garbage": lambda: (200, b"[" * 100_000),
    "surrogate": lambda: (200, b'{"choices": [{"message": {"content": "Judgement: 1 \\ud800"}}]}'),
}
HELD = {"unread": "Well...", "cut": "Let me think", "empty": ""}


@pytest.mark.parametrize("trouble", SICK)
def test_one_sick_answer_stays_without_a_verdict_and_is_not_kept(cache, trouble, caplog):
    def sick(prompt, times):
        if prompt == "sick":
            return SICK[trouble]()
        return (200, completion("Judgement: 1"))

    judge = FakeJudge(sick)
    with client(judge, cache) as asking, caplog.at_level(logging.WARNING):
        found = asking.replies(["a", "b", "sick"], marked)
    assert found == {"a": "Judgement: 1", "b": "Judgement: 1"} | ({"sick": HELD[trouble]} if trouble in HELD else {})
    assert "stays without a verdict" in caplog.text
    recovered = FakeJudge(lambda prompt, times: (200, completion("Judgement: 0")))
    with client(recovered, cache) as asking:
        assert asking.replies(["a", "b", "sick"], marked) == {
            "a": "Judgement: 1",
            "b": "Judgement: 1",
            "sick": "Judgement: 0",
        }
    assert recovered.asked == {"sick": 1}


def test_a_prompt_that_is_not_unicode_is_not_sent(cache):
    judge = FakeJudge()
    with client(judge, cache) as asking:
        assert asking.replies(["a", "b \ud800"]) == {"a": "reply to a"}
    assert judge.asked == {"a": 1}


def test_a_very_long_answer_is_sent_whole(cache):
    judge = FakeJudge()
    with client(judge, cache) as asking:
        assert asking.replies(["x" * 200_000]) == {"x" * 200_000: f"reply to {'x' * 200_000}"}


ILL = {
    "null": (lambda: (200, completion(None)), r"without content \(null\)"),
    "empty": (lambda: (200, completion("")), "an empty reply"),
    "cut": (lambda: (200, completion("<think>Hm", finish_reason="length")), r"judge\.client\.max_tokens"),
    "null and cut": (lambda: (200, completion(None, finish_reason="length")), r"judge\.client\.max_tokens"),
    "unread": (lambda: (200, completion("I cannot say.")), "I cannot say"),
    "refused": (
        lambda: (400, b'{"error": {"message": "System role not supported"}}'),
        "System role not supported.*judge.yaml",
    ),
    "failing": (lambda: (500, b"{}"), "failed 4 times"),
    "html": (lambda: (200, b"<html>a proxy's page</html>"), "not a chat completion"),
}


@pytest.mark.parametrize("trouble", ILL)
def test_a_judge_that_gives_no_verdicts_stops_the_job_with_one_line(cache, trouble):
    answer, line = ILL[trouble]
    judge = FakeJudge(lambda prompt, times: answer())
    with client(judge, cache) as asking, pytest.raises(JudgeError, match=line) as caught:
        asking.replies(map(str, range(200)), marked)
    assert "\n" not in str(caught.value)
    assert len(judge.asked) <= PATIENCE + 2 * FAST.concurrency
    with client(FakeJudge(lambda prompt, times: (200, completion("Judgement: 1"))), cache) as asking:
        assert len(asking.replies(["0", "1"], marked)) == 2


def test_many_sick_answers_in_a_row_do_not_end_a_job_whose_judge_is_well(cache):
    judge = FakeJudge(lambda prompt, times: None if prompt == PROBE else (200, completion(None)))
    with client(judge, cache) as asking:
        assert asking.replies(map(str, range(3 * PATIENCE)), marked) == {}
    assert 2 <= judge.asked[PROBE] <= 3


def test_replies_without_a_verdict_that_an_earlier_run_kept_are_asked_again(cache):
    with client(FakeJudge(lambda prompt, times: (200, completion("Well..."))), cache) as asking:
        asking.replies(["a"])
    with client(FakeJudge(lambda prompt, times: (200, completion("Judgement: 1"))), cache) as asking:
        assert asking.replies(["a"], marked) == {"a": "Judgement: 1"}


def dripping_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def dripping_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(200):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def endless_chunks(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


def slow_chunks(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        handler.wfile.write(b"1\r\n \r\n")
        time.sleep(0.05)


def dripping_error(handler):
    handler.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def short_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")


def no_http(handler):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def large(status):
    return lambda handler: handler.send(status, b" " * (60 << 20))


def compressed(handler):
    handler.send(200, gzip.compress(b" " * (8 << 20), 1), {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (dripping_body, "no whole answer in judge.client.timeout_s"),
        (dripping_headers, "no whole answer in judge.client.timeout_s"),
        (slow_chunks, "no whole answer in judge.client.timeout_s"),
        (dripping_error, "no whole answer in judge.client.timeout_s"),
        (endless_chunks, f"larger than {LARGEST_BODY:,} bytes"),
        (large(200), f"larger than {LARGEST_BODY:,} bytes"),
        (large(500), f"larger than {LARGEST_BODY:,} bytes"),
        (compressed, "compressed"),
        (short_body, "failed 2 times"),
        (no_http, "failed 2 times"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_request_has_an_end_and_a_greatest_size(cache, answer, line):
    impatient = FAST.model_copy(update={"timeout_s": 0.4, "attempts": 2})
    with client(FakeJudge(lambda prompt, times: answer), cache, impatient) as asking:
        started = time.monotonic()
        with pytest.raises(JudgeError, match=line) as caught:
            asking.replies(["a"])
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 5


def test_the_pause_is_as_long_as_the_server_asks_for(cache):
    judge = FakeJudge(lambda prompt, times: (429, b"{}", {"Retry-After": "1"}) if times == 1 else None)
    started = time.monotonic()
    with client(judge, cache) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("status", [404, 401, 403, 405])
def test_what_no_further_try_helps_is_not_tried_again(cache, status):
    judge = FakeJudge(lambda prompt, times: (status, b'{"error": {"message": "no such model: tiny"}}'))
    line = (
        r"no such model.*is the API key right" if status in (401, 403) else r"no such model.*judge.server.served_name"
    )
    with client(judge, cache) as asking, pytest.raises(JudgeError, match=line):
        asking.replies(["a"])
    assert judge.asked["a"] == 1


def keys_sent(judge: FakeJudge) -> set[str]:
    return {headers["authorization"] for headers in judge.headers}


def test_the_key_comes_from_the_environment(cache, monkeypatch):
    judge = FakeJudge()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-usual\n")
    with client(judge, cache) as asking:
        asking.replies(["a"])
    assert keys_sent(judge) == {"Bearer sk-usual"}


def test_a_key_can_be_named_by_its_variable(cache, monkeypatch):
    judge = FakeJudge()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-usual")
    monkeypatch.setenv("JUDGE_KEY", "sk-mine")
    with client(judge, cache, FAST.model_copy(update={"api_key_variable": "JUDGE_KEY"})) as asking:
        asking.replies(["a"])
    assert keys_sent(judge) == {"Bearer sk-mine"}


def test_without_a_key_a_local_server_is_asked_all_the_same(cache, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = ClientSettings.model_validate(FAST.model_dump(mode="json"))
    with client(FakeJudge(), cache, settings) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}


@pytest.mark.parametrize(
    ("key", "line"), [(None, "JUDGE_KEY is not set"), ("sk\nx", "holds no API key"), ("schlüssel", "holds no")]
)
def test_a_key_that_cannot_be_sent_is_one_line_without_the_key(cache, monkeypatch, key, line):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("JUDGE_KEY", key)
    settings = FAST.model_copy(update={"api_key_variable": "JUDGE_KEY"})
    with client(FakeJudge(), cache, settings) as asking, pytest.raises(KeyMissingError, match=line) as caught:
        asking.replies(["a"])
    assert "sch" not in str(caught.value)


def test_the_first_request_to_a_judge_that_runs_already_is_a_real_prompt():
    judge = FakeJudge()
    with judge.open() as url, external_judge(url, Asking("tiny", "Be fair.", PROBE, FAST)):
        pass
    system, user = judge.requests[0]["messages"]
    assert (system["content"], user["content"]) == ("Be fair.", PROBE)
    assert judge.requests[0]["max_tokens"] == FAST.max_tokens


@pytest.mark.parametrize("trouble", [(503, b"loading"), (200, b"<html>"), (200, b'{"choices": [{"mess'), (0, b"")])
def test_the_first_request_is_tried_again_as_any_other(trouble):
    judge = FakeJudge(lambda prompt, times: trouble if times < 3 else None)
    with judge.open() as url, external_judge(url, Asking("tiny", "", PROBE, FAST)) as same:
        assert same == url
    assert judge.asked[PROBE] == 3


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((200, b"<html>a proxy's page</html>"), "not a chat completion"),
        ((200, b'{"choices": [{"mess'), "not a chat completion"),
        ((200, b'{"error": "no"}'), "not a chat completion"),
        ((400, b'{"error": {"message": "System role not supported"}}'), r"System role not supported.*judge\.yaml"),
        ((422, b'{"detail": "\\u001b[31msystem"}'), r"refuses a plain prompt"),
        ((404, b"{}"), "served_name"),
        ((302, b"", {"Location": "/v1/chat/completions"}), "failed 4 times"),
    ],
)
def test_a_server_that_is_no_judge_is_one_line(answer, line):
    asking = Asking("tiny", "Be fair.", PROBE, FAST)
    with (
        FakeJudge(lambda prompt, times: answer).open() as url,
        pytest.raises(JudgeError, match=line) as caught,
        external_judge(url, asking),
    ):
        pass
    assert str(caught.value).isprintable()


def test_a_judge_that_does_not_open(cache):
    @contextmanager
    def broken():
        raise JudgeError("the judge's server ended with code 1")
        yield

    with Client(broken, Asking("tiny", "", PROBE, FAST), cache) as asking, pytest.raises(JudgeError, match="code 1"):
        asking.replies(["a"])


def test_a_judge_nobody_serves(cache):
    @contextmanager
    def gone():
        with FakeJudge().open() as url:
            pass
        yield url

    with (
        Client(gone, Asking("tiny", "", PROBE, FAST), cache) as asking,
        pytest.raises(JudgeError, match="failed 4 times"),
    ):
        asking.replies(["a"])


def test_a_local_judge_is_reached_past_the_environments_proxy(cache, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with client(FakeJudge(), cache) as asking:
        assert asking.replies(["a"]) == {"a": "reply to a"}
