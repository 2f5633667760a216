"""The judge's client against a real HTTP server: what is asked how often, side by side, and what is tried again."""

import time
from contextlib import contextmanager

import pytest
from fake_judge import FAST, PROBE, Client, FakeJudge, client
from speceyes.judging.chat import JudgeError, JudgeSetup


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


def test_a_judge_that_does_not_open(cache):
    @contextmanager
    def broken():
        raise JudgeError("the judge's server ended with code 1")
        yield

    with (
        Client(broken, JudgeSetup("tiny", "", PROBE, FAST), cache) as asking,
        pytest.raises(JudgeError, match="code 1"),
    ):
        asking.replies(["a"])


def test_a_judge_that_nobody_serves_is_one_error(cache):
    @contextmanager
    def gone():
        with FakeJudge().open() as url:
            pass
        yield url

    with (
        Client(gone, JudgeSetup("tiny", "", PROBE, FAST), cache) as asking,
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
