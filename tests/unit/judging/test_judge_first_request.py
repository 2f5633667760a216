"""The first request to a judge that runs already: a real prompt, and one line where nobody judges."""

import pytest
from fake_judge import FAST, PROBE, FakeJudge
from speceyes.judging.chat import JudgeError, JudgeSetup
from speceyes.judging.server import external_judge


def test_the_first_request_to_a_judge_that_runs_already_is_a_real_prompt():
    judge = FakeJudge()
    with judge.open() as url, external_judge(url, JudgeSetup("tiny", "Be fair.", PROBE, FAST)):
        pass
    system, user = judge.requests[0]["messages"]
    assert (system["content"], user["content"]) == ("Be fair.", PROBE)
    assert judge.requests[0]["max_tokens"] == FAST.max_tokens


@pytest.mark.parametrize("trouble", [(503, b"loading"), (200, b"<html>"), (200, b'{"choices": [{"mess'), (0, b"")])
def test_the_first_request_is_tried_again_as_any_other(trouble):
    judge = FakeJudge(lambda prompt, times: trouble if times < 3 else None)
    with judge.open() as url, external_judge(url, JudgeSetup("tiny", "", PROBE, FAST)) as same:
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
    asking = JudgeSetup("tiny", "Be fair.", PROBE, FAST)
    with (
        FakeJudge(lambda prompt, times: answer).open() as url,
        pytest.raises(JudgeError, match=line) as caught,
        external_judge(url, asking),
    ):
        pass
    assert str(caught.value).isprintable()
