"""Replies on disk."""

import pytest
from full_disk import files_end_at
from hypothesis import given, settings
from hypothesis import strategies as st
from speceyes.judging.cache import CacheError, ReplyCache


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


@settings(max_examples=25)  # each writes to the disk
@given(replies=st.dictionaries(st.text(), st.text(), max_size=8))
def test_any_text_comes_back(tmp_path_factory, replies):
    cache = ReplyCache(tmp_path_factory.mktemp("cache"), "judge")
    for prompt, reply in replies.items():
        cache.put(prompt, reply)
    assert {prompt: cache.get(prompt) for prompt in replies} == replies


@pytest.mark.parametrize(
    "spoil",
    [lambda _: b"garbage" * 1000, lambda whole: whole[: len(whole) // 3], lambda whole: whole[:100] + bytes(4000)],
)
def test_a_spoiled_file_is_one_line_with_the_way_out(tmp_path, spoil):
    cache = ReplyCache(tmp_path, "judge")
    for number in range(200):
        cache.put(str(number), "Judgement: 1")
    cache.close()
    path = tmp_path / "replies.sqlite"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(
        CacheError, match=r"replies\.sqlite: .*; remove it, and its replies are asked for again"
    ) as caught:
        ReplyCache(tmp_path, "judge")
    assert str(caught.value).isprintable()


def test_a_reply_that_the_disk_does_not_take_is_one_line_with_the_path(tmp_path):
    cache = ReplyCache(tmp_path, "judge")
    with files_end_at(20_000), pytest.raises(CacheError, match=r"replies\.sqlite: ") as caught:
        for number in range(1000):
            cache.put(str(number), "x" * 1000)
    assert str(caught.value).isprintable()
