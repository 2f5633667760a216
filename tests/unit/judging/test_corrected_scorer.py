"""The corrected scorer: what an answer says, not how it is spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speceyes.judging.corrected import Corrected
from speceyes.judging.published import Published
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge

OPTIONS = ("red", "blue", "dark red", "Apple")
scorer = Corrected()


def choice(answer, letter="A", options=OPTIONS, benchmark="hrbench") -> Judged:
    return Judged(benchmark, "Which?", options, options["ABCDEFGH".index(letter)], letter, answer)


def pope(answer, gold="yes") -> Judged:
    return Judged("pope", "Is there a dog?", (), gold, "", answer)


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("The answer is B.", "B"),
        ("Answer: (b)", "B"),
        ("The correct option is: B", "B"),
        (r"Hence \boxed{B}.", "B"),
        (r"\boxed{\text{B}}", "B"),
        (r"\boxed{A} no, \boxed{B}", "B"),
        ("B. blue", "B"),
        ("(B) blue", "B"),
        ("The color is blue. B. blue", "B"),
        ("It is not red. B. blue", "B"),
        ("blue", "B"),
        ("Blue.", "B"),
        ("The color of the dot is blue.", "B"),
        ("dark red", "C"),  # not "red", which stands inside it
        ("The dark red one.", "C"),
    ],
)
def test_choices_are_read(answer, letter):
    assert scorer.decide(choice(answer, letter)) is True
    other = "A" if letter != "A" else "B"
    assert scorer.decide(choice(answer, other)) is False


@pytest.mark.parametrize(
    "answer",
    [
        "red or blue",
        "It is not red.",  # the only text told is the one denied
        "It isn't blue",
        "E",  # no such option
        "The answer is E.",
        "something else",
        "A. red B. blue",
        "B. Apple",  # letter and text disagree
        "A. purple",
        "cap",
        "apples",
    ],
)
def test_unclear_choices_go_to_the_judge_with_letter_and_text(answer):
    assert scorer.decide(choice(answer)) == AskJudge("A. red", answer)


def test_the_letter_is_no_substring():
    assert Published().decide(choice("B. blue, as in the Alps", "A")) is True
    assert scorer.decide(choice("B. blue, as in the Alps", "A")) is False


def test_options_that_are_sentences():
    options = ("The dog is left of the car.", "The dog is right of the car.")
    for answer in ("A. The dog is left of the car.", "the dog is left of the car", "A. The dog is left of the car"):
        assert scorer.decide(choice(answer, "A", options, "vstar")) is True
        assert scorer.decide(choice(answer, "B", options, "vstar")) is False


def test_options_that_only_punctuation_tells_apart_need_their_letter():
    options = ("-5", "5", "?", "$5")
    assert isinstance(scorer.decide(choice("5", "B", options)), AskJudge)
    assert scorer.decide(choice("B. 5", "B", options)) is True
    assert scorer.decide(choice("A. -5", "A", options)) is True


@pytest.mark.parametrize("answer", ["", "  ", r"\boxed{}"])
def test_an_empty_answer_is_wrong(answer):
    assert scorer.decide(choice(answer)) is False
    assert scorer.decide(pope(answer)) is False


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("yes", "yes"),
        ("Yes", "yes"),
        ("YES.", "yes"),
        ("No, there is no dog.", "no"),
        ("The color of the dot is red. yes", "yes"),
        (r"\boxed{No}", "no"),
        ("Answer: no", "no"),
        ("Yes, there is no doubt about it", "yes"),
    ],
)
def test_yes_and_no_in_any_spelling(answer, said):
    assert scorer.decide(pope(answer, said)) is True
    assert scorer.decide(pope(answer, {"yes": "no", "no": "yes"}[said])) is False


@pytest.mark.parametrize(
    "answer", ["yes and no", "There is no doubt that a dog is there.", "a dog", "yesterday", "not sure"]
)
def test_anything_else_goes_to_the_judge(answer):
    assert scorer.decide(pope(answer, "no")) == AskJudge("no", answer)


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Judgement: 1", True),
        ("judgment - 0", False),
        ("Judgement: **1**.", True),
        ("1", True),
        ("0.", False),
        ("Judgement: 1\nJudgement: 1", True),
        ("Judgement: 1\nJudgement: 0", None),
        ("Judgement: 10", None),
        ("one of 1 or 0", None),
        ("the answer is 1", None),
        ("", None),
    ],
)
def test_replies(reply, right):
    assert scorer.read_reply(choice("x"), reply) is right


LETTER = st.sampled_from("ABCD")


@given(gold=LETTER, said=LETTER, form=st.sampled_from(["{0}", "{0}.", "({0})", "{0}. {1}", "So it is {1}. {0}. {1}"]))
def test_a_clear_choice_is_right_exactly_when_it_is_the_gold(gold, said, form):
    options = ("left", "right", "top", "bottom")
    answer = form.format(said, options["ABCD".index(said)])
    assert scorer.decide(choice(answer, gold, options)) is (said == gold)


@given(st.text(max_size=80), LETTER)
def test_any_text_is_scored_without_an_error(answer, letter):
    assert isinstance(scorer.decide(choice(answer, letter)), bool | AskJudge)
    assert isinstance(scorer.decide(pope(answer)), bool | AskJudge)
    assert scorer.read_reply(choice(answer), answer) in (True, False, None)
