"""Replies on disk."""

from hypothesis import given
from hypothesis import strategies as st
from speceyes.judging.cache import ReplyCache


def test_replies_outlive_the_process_that_asked(tmp_path):
    first = ReplyCache(tmp_path / "new" / "folder", "judge")
    first.put("request", "Judgement: 1")
    # Not closed: as after kill -9.
    assert ReplyCache(tmp_path / "new" / "folder", "judge").get("request") == "Judgement: 1"


def test_another_judge_is_asked_anew(tmp_path):
    ReplyCache(tmp_path, "judge").put("request", "Judgement: 1")
    assert ReplyCache(tmp_path, "another").get("request") is None


def test_a_later_reply_replaces_an_earlier_one(tmp_path):
    cache = ReplyCache(tmp_path, "judge")
    cache.put("request", "a")
    cache.put("request", "b")
    assert cache.get("request") == "b"


@given(replies=st.dictionaries(st.text(), st.text(), max_size=8))
def test_any_text_comes_back(tmp_path_factory, replies):
    cache = ReplyCache(tmp_path_factory.mktemp("cache"), "judge")
    for prompt, reply in replies.items():
        cache.put(prompt, reply)
    assert {prompt: cache.get(prompt) for prompt in replies} == replies
