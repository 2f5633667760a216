"""The published scorer against protocol.md's rows, quirks included."""

import pytest
from speceyes.judging.published import PublishedScorer
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

OPTIONS = ("red", "blue", "green", "Apple")
scorer = PublishedScorer()


def vstar(answer, letter="A") -> Judged:
    return Judged("vstar", "Which color?", OPTIONS, OPTIONS["ABCD".index(letter)], letter, answer)


def hrbench(answer, letter="A") -> Judged:
    return Judged("hrbench", "Which?", OPTIONS, OPTIONS["ABCD".index(letter)], letter, answer)


def pope(answer, gold="yes") -> Judged:
    return Judged("pope", "Is there a dog?", (), gold, "", answer)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("A", True),
        ("B", False),
        ("a", False),  # one character must be the letter itself
        ("1", False),
        ("A.", True),
        (".A", True),  # two characters with a full stop that hold the letter
        ("B.", False),
        ("A. red", True),
        ("I think A. red is right", True),  # letter and text anywhere
        (r"so \boxed{A}", True),
        (r"\boxed{A.}", True),
        (r"\boxed{B} or rather \boxed{A}", False),  # the first box counts
        (r"the box \boxed{A. red} says", True),
    ],
)
def test_vstar_rules(answer, right):
    assert scorer.decide(vstar(answer)) is right


@pytest.mark.parametrize("answer", ["red", "The color is red.", "A: red", "a. red", "(A)", "B. blue", "", "A. Red"])
def test_vstar_asks_the_judge_with_letter_and_text(answer):
    assert scorer.decide(vstar(answer)) == AskJudge("A. red", answer)


def test_the_judge_sees_what_stood_in_the_box():
    assert scorer.decide(vstar(r"It is \boxed{the color red}.")) == AskJudge("A. red", "the color red")


def test_a_rotated_gold_letter_is_tracked():
    assert scorer.decide(vstar("B", letter="B")) is True
    assert scorer.decide(vstar("A", letter="B")) is False
    assert scorer.decide(vstar("blue", letter="B")) == AskJudge("B. blue", "blue")


@pytest.mark.parametrize(
    ("answer", "letter", "right"),
    [
        ("A", "A", True),
        ("A", "B", False),
        ("B.", "B", True),
        ("A.", "B", False),
        ("B. Apple", "A", True),  # the letter is found in another option's text
        ("Certainly not", "C", True),  # and in any word
        ("D. Apple", "D", True),
        (r"\boxed{C}", "C", True),
    ],
)
def test_hrbench_looks_for_the_letter_anywhere(answer, letter, right):
    assert scorer.decide(hrbench(answer, letter)) is right


def test_the_hrbench_judge_sees_the_letter_only():
    assert scorer.decide(hrbench("it is blue", "B")) == AskJudge("B", "it is blue")


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("yes", "yes", True),
        ("Yes", "yes", False),  # case-sensitive where lengths agree
        ("no", "no", True),
        ("No", "no", False),
        ("No.", "yes", False),  # three characters each
        ("red", "yes", False),
    ],
)
def test_pope_compares_answers_of_equal_length(answer, gold, right):
    assert scorer.decide(pope(answer, gold)) is right


def test_pope_compares_what_stands_in_the_box():
    assert scorer.decide(pope(r"\boxed{no}", "no")) is True
    assert scorer.decide(pope(r"So \boxed{yes}.", "yes")) is True
    assert scorer.decide(pope(r"\boxed{Yes}", "yes")) is False
    assert scorer.decide(pope(r"\boxed{it is there}", "yes")) == AskJudge("yes", "it is there")


@pytest.mark.parametrize(("answer", "gold"), [("Yes.", "yes"), ("no", "yes"), ("yes, a dog", "yes"), ("", "no")])
def test_pope_asks_the_judge_for_any_other_length(answer, gold):
    assert scorer.decide(pope(answer, gold)) == AskJudge(gold, answer)


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Judgement: 1", True),
        ("Judgement: 0", False),
        ("Judgement:1", True),
        ("Fine. Judgement: **1**", True),
        ("Judgement: 0\nJudgement: 1", True),  # the last mark counts
        ("1", True),
        (" 0 ", False),
        ("1.", None),  # unmarked, it must be the digit alone
        ("The answer is 1", None),
        ("judgement: 1", None),
        ("Judgement: correct", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("question", [vstar("x y z"), pope("maybe")])
def test_replies_about_vstar_and_pope(question, reply, right):
    assert scorer.read_reply(question, reply) is right


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("The answer is 1", True),
        ("10", True),
        ("Judgement: 0", False),
        ("0.", False),
        ("1 Judgement: 0", False),
        ("?", None),
    ],
)
def test_replies_about_hrbench_need_any_one(reply, right):
    assert scorer.read_reply(hrbench("x y z"), reply) is right
