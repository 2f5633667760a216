"""Judging as a whole: what is asked, how often, and what becomes of the replies."""

import pytest
from speceyes.judging.judge import NUDGE, judge_all
from speceyes.judging.prompts import JudgePrompts, load_judge_prompts
from speceyes.judging.questions import Judged, distinct, given_answers
from speceyes.judging.scorers import AskJudge
from speceyes.judging.verdicts import Verdict, read_verdicts, write_verdicts
from speceyes.prompts import PromptError
from speceyes.records.samples import Sample
from speceyes.records.tables import read_provenance, write_table
from speceyes.records.types import DraftRecord, LiveRecord, RecordError

PROMPTS = JudgePrompts(
    vstar="v {question}|{gold}|{answer}", hrbench="h {question}|{gold}|{answer}", pope="p {question}|{gold}|{answer}"
)
OPTIONS = ("red", "blue")


def question(answer, benchmark="vstar", options=OPTIONS) -> Judged:
    gold, letter = ("red", "A") if options else ("yes", "")
    return Judged(benchmark, "Which?", options, gold, letter, answer)


class Judge:
    """Replies from a table; anything else gets ``otherwise``."""

    def __init__(self, replies=None, otherwise="Judgement: 1", silent=()):
        self._silent = silent
        self.holds = {}
        self.rounds: list[list[str]] = []
        self._replies = replies or {}
        self._otherwise = otherwise

    def __call__(self, prompts):
        self.rounds.append(sorted(prompts))
        self.holds |= prompts
        return {prompt: self._replies.get(prompt, self._otherwise) for prompt in prompts if prompt not in self._silent}


def test_rules_come_first_and_ask_nobody():
    judge = Judge()
    verdicts = judge_all([question("A"), question("B. blue")], PROMPTS, judge)
    assert verdicts[question("A")] == {"published": Verdict(True, "rule"), "corrected": Verdict(True, "rule")}
    assert verdicts[question("B. blue")]["corrected"] == Verdict(False, "rule")
    assert verdicts[question("B. blue")]["published"] == Verdict(True, "judge", "Judgement: 1")
    assert judge.rounds == [["v Which?|A. red|B. blue"], []]


def test_a_prompt_that_both_scorers_need_is_asked_once():
    judge = Judge(otherwise="Judgement: 0")
    verdicts = judge_all([question("crimson")], PROMPTS, judge)
    assert judge.rounds[0] == ["v Which?|A. red|crimson"]
    assert set(verdicts[question("crimson")].values()) == {Verdict(False, "judge", "Judgement: 0")}


def test_the_hrbench_judge_is_told_the_letter_only_by_the_published_scorer():
    judge = Judge()
    judge_all([question("crimson", "hrbench")], PROMPTS, judge)
    assert judge.rounds[0] == ["h Which?|A. red|crimson", "h Which?|A|crimson"]


def test_an_unreadable_reply_is_a_silent_zero_or_asked_again():
    prompt = "v Which?|A. red|crimson"
    judge = Judge({prompt: "Well...", prompt + NUDGE: "Judgement: 1"})
    verdicts = judge_all([question("crimson")], PROMPTS, judge)[question("crimson")]
    assert judge.rounds[1] == [prompt + NUDGE]
    assert verdicts["published"] == Verdict(False, "unparsed", "Well...")
    assert verdicts["corrected"] == Verdict(True, "judge", "Judgement: 1")


def test_twice_unreadable_stays_unscored():
    verdicts = judge_all([question("crimson")], PROMPTS, Judge(otherwise="Well..."))[question("crimson")]
    assert verdicts["corrected"] == Verdict(None, "unparsed", "Well...")


def test_an_answer_without_any_reply_is_unscored_and_not_asked_about_again():
    judge = Judge(silent=["v Which?|A. red|crimson"])
    verdicts = judge_all([question("crimson"), question("scarlet")], PROMPTS, judge)
    assert judge.rounds[1] == []
    assert verdicts[question("crimson")]["corrected"] == Verdict(None, "unparsed")
    assert verdicts[question("crimson")]["published"] == Verdict(False, "unparsed")
    assert verdicts[question("scarlet")]["corrected"].correct is True


@pytest.mark.parametrize(
    ("reply", "held"), [("Judgement: 1", True), ("judgment: 0", True), ("Well...", False), ("", False)]
)
def test_a_reply_holds_a_verdict_if_a_scorer_reads_it(reply, held):
    judge = Judge()
    judge_all([question("crimson")], PROMPTS, judge)
    (holds_verdict,) = judge.holds.values()
    assert holds_verdict(reply) is held


def test_the_probe_is_worded_as_the_studys_prompts_are():
    assert PROMPTS.probe == "v What is the color of the ball?|A. red|It is red."


def test_a_reply_that_only_the_published_scorer_cannot_read_is_not_asked_again():
    judge = Judge(otherwise="judgment: 1")
    verdicts = judge_all([question("crimson")], PROMPTS, judge)[question("crimson")]
    assert judge.rounds[1] == []
    assert verdicts["published"].decided_by == "unparsed"
    assert verdicts["corrected"] == Verdict(True, "judge", "judgment: 1")


def test_the_table_gives_back_what_was_written(tmp_path):
    asked = [question("A"), question("crimson"), question("maybe", "pope", ()), question("crimson", "hrbench")]
    verdicts = judge_all(asked, PROMPTS, Judge({"v Which?|A. red|crimson": "?", "p Which?|yes|maybe": "0"}))
    write_verdicts(tmp_path / "verdicts.parquet", verdicts, {"judge": "tiny"})
    assert read_verdicts(tmp_path / "verdicts.parquet") == verdicts
    assert read_provenance(tmp_path / "verdicts.parquet") == {"judge": "tiny"}
    assert [path.name for path in tmp_path.iterdir()] == ["verdicts.parquet"]


def test_the_order_of_questions_does_not_change_the_table(tmp_path):
    asked = [question("A"), question("crimson"), question("maybe", "pope", ())]
    for name, order in (("a", asked), ("b", asked[::-1])):
        write_verdicts(tmp_path / name, judge_all(order, PROMPTS, Judge()), {})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_placeholders_in_an_answer_are_left_alone():
    ask = AskJudge("A. red", r"{gold} and \boxed{question}")
    assert PROMPTS.render(question("x"), ask) == r"v Which?|A. red|{gold} and \boxed{question}"


def test_a_benchmark_of_ones_own_is_worded_by_its_form():
    assert PROMPTS.render(question("x", "mine"), AskJudge("g", "x")) == "v Which?|g|x"
    assert PROMPTS.render(question("x", "mine", ()), AskJudge("g", "x")) == "p Which?|g|x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vstar: [", "not YAML"),
        ("vstar: '{question}{gold}{answer}'", "hrbench: Field required"),
        ("{vstar: '{question}', hrbench: x, pope: y}", "vstar: the template lacks {answer}, {gold}"),
        ("- 1", "valid dictionary"),
        (None, "download_prompts"),
    ],
)
def test_a_bad_prompt_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "judge.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PromptError) as caught:
        load_judge_prompts(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def sample(number: int) -> Sample:
    return Sample(
        sample_id=f"vstar/x/{number}", benchmark="vstar", split="x", question="Which?", options=OPTIONS, gold="red",
        gold_letter="A", category="", image="i.jpg", image_id="i", width=1, height=1,
    )  # fmt: skip


def draft(number: int, text: str) -> DraftRecord:
    return DraftRecord(sample_id=f"vstar/x/{number}", text=text, tokens=("t",), top_logprobs=((-0.1, -2.0),))


def test_answers_are_gathered_from_tables_and_judged_once(tmp_path):
    for name, records in (("1", [draft(0, "A"), draft(1, "B")]), ("2", [draft(0, "A"), draft(2, "A")])):
        write_table(tmp_path / name, DraftRecord, records, {})
    answers = given_answers([tmp_path / "1", tmp_path / "2"], DraftRecord, "text")
    assert answers == {("vstar/x/0", "A"), ("vstar/x/1", "B"), ("vstar/x/2", "A")}
    samples = {s.sample_id: s for s in map(sample, range(3))}
    assert distinct(samples, answers) == [question("A"), question("B")]


def test_a_table_of_another_stage_is_refused(tmp_path):
    write_table(tmp_path / "t", DraftRecord, [draft(0, "A")], {})
    with pytest.raises(RecordError, match="holds DraftRecord, not LiveRecord"):
        given_answers([tmp_path / "t"], LiveRecord, "answer")


def test_an_answer_to_an_unknown_sample_is_named():
    with pytest.raises(RecordError, match=r"sample 'vstar/x/7', which no samples table holds"):
        distinct({}, {("vstar/x/7", "A")})
