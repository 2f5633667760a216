"""The judge's API key: from the environment, under a name of one's own, or none."""

import pytest
from fake_judge import FAST, FakeJudge, client
from speceyes.engines.access import KeyMissingError
from speceyes.judging.settings import ClientSettings


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
