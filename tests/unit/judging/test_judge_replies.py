"""Replies without a verdict: one faulty reply, a judge that gives none, and what an earlier run kept."""

import logging

import pytest
from fake_judge import FAST, PROBE, FakeJudge, client, completion, marked
from speceyes.judging.chat import JudgeError
from speceyes.judging.client import PATIENCE

FAULTY_REPLIES = {
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


@pytest.mark.parametrize("trouble", FAULTY_REPLIES)
def test_one_faulty_reply_stays_without_a_verdict_and_is_not_kept(cache, trouble, caplog):
    def faulty(prompt, times):
        if prompt == "sick":
            return FAULTY_REPLIES[trouble]()
        return (200, completion("Judgement: 1"))

    judge = FakeJudge(faulty)
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


FAULTY_JUDGES = {
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


@pytest.mark.parametrize("trouble", FAULTY_JUDGES)
def test_a_judge_that_gives_no_verdicts_stops_the_job_with_one_line(cache, trouble):
    answer, line = FAULTY_JUDGES[trouble]
    judge = FakeJudge(lambda prompt, times: answer())
    with client(judge, cache) as asking, pytest.raises(JudgeError, match=line) as caught:
        asking.replies(map(str, range(200)), marked)
    assert "\n" not in str(caught.value)
    assert len(judge.asked) <= PATIENCE + 2 * FAST.concurrency
    with client(FakeJudge(lambda prompt, times: (200, completion("Judgement: 1"))), cache) as asking:
        assert len(asking.replies(["0", "1"], marked)) == 2


def test_many_faulty_replies_in_a_row_do_not_end_a_job_whose_judge_is_well(cache):
    judge = FakeJudge(lambda prompt, times: None if prompt == PROBE else (200, completion(None)))
    with client(judge, cache) as asking:
        assert asking.replies(map(str, range(3 * PATIENCE)), marked) == {}
    assert 2 <= judge.asked[PROBE] <= 3


def test_replies_without_a_verdict_that_an_earlier_run_kept_are_asked_again(cache):
    with client(FakeJudge(lambda prompt, times: (200, completion("Well..."))), cache) as asking:
        asking.replies(["a"])
    with client(FakeJudge(lambda prompt, times: (200, completion("Judgement: 1"))), cache) as asking:
        assert asking.replies(["a"], marked) == {"a": "Judgement: 1"}
