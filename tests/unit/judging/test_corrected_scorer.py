"""The corrected scorer: what an answer says, not how it is spelt; never a guess."""

import pytest
from judged_answers import choice, pope
from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.published import PublishedScorer
from speceyes.judging.scorers import AskJudge

scorer = CorrectedScorer()


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("B)", "B"),
        ("**B**", "B"),
        ("Ｂ", "B"),
        ("（Ｂ）", "B"),
        ("B\u200b", "B"),
        ("\ufeffB. b\u00adlue", "B"),
        ("The answer is B.", "B"),
        ("The answer is **B**.", "B"),
        ("Answer: **B**", "B"),
        ("Answer: (b)", "B"),
        ("答案：B", "B"),
        ("正确答案是 B。", "B"),
        ("<answer>B</answer>", "B"),
        ("The correct option is: B", "B"),
        ("B is the correct answer.", "B"),
        (r"Hence \boxed{B}.", "B"),
        (r"\boxed{\text{B}}", "B"),
        (r"$\boxed{B}$", "B"),
        ("B. blue", "B"),
        ("(B) blue", "B"),
        ("blue (B)", "B"),
        ("The color of the dot is blue. B. blue", "B"),
        ("The answer is B, not A. red", "B"),
        ("It is blue, not red.", "B"),
        ("blue", "B"),
        ("Blue.", "B"),
        ("The color of the dot is blue.", "B"),
        ("The dot on the circle is blue", "B"),
        ("dark red", "C"),  # not "red", which stands inside it
        ("It is dark red.", "C"),
        ("The dot is red.</think>\n\nB", "B"),
    ],
)
def test_a_choice_is_right_by_its_letter_and_wrong_by_another(answer, letter):
    assert scorer.decide(choice(answer, letter)) is True
    other = "A" if letter != "A" else "B"
    assert scorer.decide(choice(answer, other)) is False


@pytest.mark.parametrize(
    "answer",
    [
        "red or blue",
        "It is not red.",  # the only text told is the one denied
        "It isn't blue",
        "It is not A. red",
        "It is not A, B",  # the second may be denied too
        "A. red is wrong.",
        "not A",
        "~~A~~ B",
        "A ❌",
        "B\u0336",  # struck out
        "A?",
        "A. red? No.",
        "A / B",
        "A, B",
        "Wrong answer: A",
        r"The answer is not \boxed{A}",
        r"\boxed{A} no, \boxed{B}",
        '"A. red", they say',
        "Is it A. red",
        "E",  # no such option
        "The answer is E.",
        "something else",
        "A. red B. blue",
        "A. red\nB. blue",
        "B. Apple",  # letter and text disagree
        "A. purple",
        "The dot on the square is red.",  # the question asks about another one
        "The dot on the circle is a",  # cut off after an article
        "The color of the dot is red and",
        "The right answer, if any, is A",
        "cap",
        "apples",
        "-A",
        "!A",
        "A blue",  # an article, or option A?
        "<think>The answer is A",
    ],
)
def test_unclear_choices_go_to_the_judge_with_letter_and_text(answer):
    assert scorer.decide(choice(answer)) == AskJudge("A. red", answer)


def test_the_letter_is_no_substring():
    assert PublishedScorer().decide(choice("B. blue (Alps)", "A")) is True
    assert isinstance(scorer.decide(choice("B. blue (Alps)", "A")), AskJudge)
    assert scorer.decide(choice("D. Apple", "A")) is False


def test_options_that_are_sentences_are_told_apart_with_and_without_letter():
    options = ("The dog is left of the car.", "The dog is right of the car.")
    for answer in ("A. The dog is left of the car.", "the dog is left of the car", "A. The dog is left of the car"):
        assert scorer.decide(choice(answer, "A", options, "vstar")) is True
        assert scorer.decide(choice(answer, "B", options, "vstar")) is False


def test_options_that_only_punctuation_tells_apart_need_their_letter():
    options = ("-5", "5", "?", "$5")
    assert isinstance(scorer.decide(choice("5", "B", options)), AskJudge)
    assert isinstance(scorer.decide(choice("B. -5", "B", options)), AskJudge)
    assert scorer.decide(choice("B. 5", "B", options)) is True
    assert scorer.decide(choice("A. -5", "A", options)) is True


@pytest.mark.parametrize("answer", ["-5", "1.5", "5-6", "5%", "55", "~5", "5 or so"])
def test_a_number_is_not_a_part_of_another(answer):
    assert isinstance(scorer.decide(choice(answer, "A", ("5", "6"))), AskJudge)


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        ("B", ("B", "A")),  # letter or text?
        ("Option 2", ("2", "3", "4")),
        ("The right answer is left", ("left", "right")),
        ("B is right", ("left", "right")),
        ("polish", ("Polish", "polish")),
        ("The woman is in red", ("red", "black")),
    ],
)
def test_options_that_are_also_other_words_go_to_the_judge(answer, options):
    question = "What color is the bag of the woman in red?"
    assert isinstance(scorer.decide(choice(answer, "A", options, question=question)), AskJudge)


def test_a_choice_between_the_questions_own_words_is_read():
    options, question = ("left", "right"), "Is the dog on the left or right side of the car?"
    for answer in ("left", "It is on the left.", "The dog is on the left side of the car."):
        assert scorer.decide(choice(answer, "A", options, question=question)) is True


@pytest.mark.parametrize("answer", ["", "  ", r"\boxed{}", "<answer></answer>"])
def test_an_empty_answer_is_wrong(answer):
    assert scorer.decide(choice(answer)) is False
    assert scorer.decide(pope(answer)) is False


def test_thoughts_without_an_answer_go_to_the_judge():
    assert isinstance(scorer.decide(choice("B.</think><answer>")), AskJudge)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("yes", "yes"),
        ("Yes", "yes"),
        ("YES.", "yes"),
        ("**Yes**", "yes"),
        ("No, there is no dog.", "no"),
        ("No, there isn't.", "no"),
        ("There is no dog in the image.", "no"),
        ("Yes, there is a dog in the picture.", "yes"),
        ("The color of the dot is red. yes", "yes"),
        (r"\boxed{No}", "no"),
        ("Answer: no", "no"),
        ("The answer is yes.", "yes"),
        ("答案：是", "yes"),
    ],
)
def test_yes_and_no_in_any_spelling(answer, said):
    assert scorer.decide(pope(answer, said)) is True
    assert scorer.decide(pope(answer, {"yes": "no", "no": "yes"}[said])) is False


@pytest.mark.parametrize(
    "answer",
    [
        "yes and no",
        "Yes, no",
        "No doubt, there is a dog.",
        "Yes or no: there is no dog",
        "There is no doubt that a dog is there.",
        "Yes, there is no doubt about it",
        "No question: there is a dog",
        "Yes, there is a cat",
        "There is a dog house.",
        "no, there is a dog",
        "The dog is red. no",  # there is one, then
        "The image is clear.",
        "Not no",
        "yes?",
        "a dog",
        "yesterday",
        "not sure",
    ],
)
def test_anything_else_goes_to_the_judge(answer):
    assert scorer.decide(pope(answer, "no")) == AskJudge("no", answer)


def test_a_gold_answer_that_is_neither_yes_nor_no_is_the_judges():
    assert scorer.decide(pope("no", "none")) == AskJudge("none", "no")


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Judgement: 1", True),
        ("judgment - 0", False),
        ("Judgement: **1**.", True),
        ("Judgement is 1", True),
        ("Final judgement: 0", False),
        ("1", True),
        ("0.", False),
        ("１", True),
        ("Judgement：０", False),
        ("1 (consistent)", True),
        ("Judgement: 0 (inconsistent)", False),
        ("[1]", True),
        (r"\boxed{1}", True),
        ('{"judgement": 1}', True),
        ('```json\n{"Judgement": "0", "reason": "not the same"}\n```', False),
        ("Judgement:\n1", True),
        ("Judgement: 1\nJudgement: 1", True),
        ("Judgement: 1\u200b", True),
        ("\ufeffJudgement: 0", False),
        ("Both name the same color. Judgement: 1", True),
        ("Judgement: 0. The answers are not the same.", False),
        ("<think>They differ. Judgement: 0?</think>Judgement: 1", True),
        ("Judgement: 1\nJudgement: 0", None),
        ("Judgement: -1", None),
        ("-1", None),
        ("1/10", None),
        ("Judgement: 1/10", None),
        ("Judgement: 0.1", None),
        ("Judgement: 1.0", None),
        ("Judgement: 10", None),
        ("Judgement: 01", None),
        ("1st", None),
        ("1 or 0", None),
        ("Judgement: 1 or 0", None),
        ("one of 1 or 0", None),
        ("not 1", None),
        ("Judgement is not 1", None),
        ("Judgement: 1?", None),
        ("Judgement: 1. Wait, they differ.", None),
        ("1 (inconsistent)", None),
        ("I would not say Judgement: 1", None),
        ("<think>Judgement: 1", None),
        ("the answer is 1", None),
        ("1. The first answer", None),
        ("", None),
    ],
)
def test_the_judges_reply_is_read_as_right_wrong_or_neither(reply, right):
    assert scorer.read_reply(choice("x"), reply) is right
