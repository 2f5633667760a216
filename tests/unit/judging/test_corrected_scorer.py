"""The corrected scorer: what an answer says, not how it is spelt; never a guess."""

import csv
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from speceyes.judging.corrected import Corrected
from speceyes.judging.published import Published
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge
from speceyes.judging.typography import LONGEST

LABELLED = Path(__file__).parents[2] / "data" / "labelled_answers.csv"
OPTIONS = ("red", "blue", "dark red", "Apple")
COLOR = "What is the color of the dot on the circle?"
scorer = Corrected()


def choice(answer, letter="A", options=OPTIONS, benchmark="hrbench", question=COLOR) -> Judged:
    return Judged(benchmark, question, options, options["ABCDEFGH".index(letter)], letter, answer)


def pope(answer, gold="yes", question="Is there a dog in the image?") -> Judged:
    return Judged("pope", question, (), gold, "", answer)


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
    assert Published().decide(choice("B. blue (Alps)", "A")) is True
    assert isinstance(scorer.decide(choice("B. blue (Alps)", "A")), AskJudge)
    assert scorer.decide(choice("D. Apple", "A")) is False


def test_options_that_are_sentences():
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
def test_replies(reply, right):
    assert scorer.read_reply(choice("x"), reply) is right


LETTER = st.sampled_from("ABCD")


@given(gold=LETTER, said=LETTER, form=st.sampled_from(["{0}", "{0}.", "({0})", "{0}. {1}", "So it is {1}. {0}. {1}"]))
def test_a_clear_choice_is_right_exactly_when_it_is_the_gold(gold, said, form):
    options = ("left", "right", "top", "bottom")
    answer = form.format(said, options["ABCD".index(said)])
    assert scorer.decide(choice(answer, gold, options)) is (said == gold)


DENYING = (
    "It is not {0}", "not {0}", "{0} is wrong", "{0} is not right", "never {0}", "It isn't {0}", "anything but {0}",
    "neither {0} nor {1}", "{0} is incorrect", "I would not say {0}", "It cannot be {0}", "No, not {0}",
    "The answer is not {0}", "The answer is {1}, not {0}", "{1}, not {0}", "{1} rather than {0}", "{1} instead of {0}",
    "all except {0}", "{0}? No, {1}", "{0} is ruled out", "{0} is what it is not", "unlike {0}", "{0} would be wrong",
    'they say "{0}", but it is {1}', "the picture does not show {0}", "it was {0} once, now {1}", "{0} (wrong)",
)  # fmt: skip
OPEN = (
    "{0} or {1}", "{0}, {1}", "{0} / {1}", "{0} {1}", "maybe {0}", "perhaps {0}", "probably {0}", "{0}?", "is it {0}",
    "it could be {0}", "either {0} or {1}", "if not {1}, then {0}", "I am not sure, {0}", "{0} and {1}", "{0}; {1}",
    "between {0} and {1}", "{0}\n{1}", "{0}. {1}.", "someone said {0}", "choose among {0} and {1}", "{0} unless {1}",
)  # fmt: skip
AROUND = st.sampled_from(
    ["{}", "{}.", "**{}**", "So {}", "{}\n", r"\boxed{{{}}}", "<answer>{}</answer>", "（{}）", "“{}”"]
)
SPELT = st.sampled_from(["{letter}", "({letter})", "{letter}.", "{text}", "{letter}. {text}", "**{letter}** {text}"])


def spelt(form: str, letter: str) -> str:
    return form.format(letter=letter, text=OPTIONS["ABCD".index(letter)])


@given(gold=LETTER, other=LETTER, form=SPELT, sentence=st.sampled_from(DENYING), around=AROUND)
def test_a_denied_gold_is_never_right_by_rule(gold, other, form, sentence, around):
    answer = around.format(
        sentence.format(spelt(form, gold), spelt(form, other if other != gold else "ABCD"[gold == "A"]))
    )
    assert scorer.decide(choice(answer, gold)) is not True


@given(gold=LETTER, other=LETTER, form=SPELT, sentence=st.sampled_from(OPEN), around=AROUND)
@example(gold="A", other="B", form="{letter}", sentence="{0}, {1}", around="{}")
def test_an_answer_left_open_is_decided_by_no_rule(gold, other, form, sentence, around):
    another = other if other != gold else "ABCD"[gold == "A"]
    answer = around.format(sentence.format(spelt(form, gold), spelt(form, another)))
    assert isinstance(scorer.decide(choice(answer, gold)), AskJudge)


OPEN_YES_OR_NO = (
    "not {0}", "{0} or not", "{0} doubt", "hardly {0}", "{0}?", "I would not say {0}", "maybe {0}", '"{0}", they say',
    "{0} and {1}", "{1} or {0}", "{0}, {1}", "if {0}, then a cat", "{0} problem, here is a dog", "{0} one knows",
)  # fmt: skip


@given(word=st.sampled_from(["yes", "no", "Yes", "No"]), sentence=st.sampled_from(OPEN_YES_OR_NO), around=AROUND)
def test_a_denied_or_open_yes_or_no_is_decided_by_no_rule(word, sentence, around):
    answer = around.format(sentence.format(word, {"yes": "no", "no": "yes"}[word.lower()]))
    assert isinstance(scorer.decide(pope(answer)), AskJudge)


@given(st.text(max_size=80), LETTER)
def test_any_text_is_scored_without_an_error(answer, letter):
    assert isinstance(scorer.decide(choice(answer, letter)), bool | AskJudge)
    assert isinstance(scorer.decide(pope(answer)), bool | AskJudge)
    assert scorer.read_reply(choice(answer), answer) in (True, False, None)


ENDLESS = {
    "spaces": ("answer", " ", "no idea"),
    "openers": ("", "so, ", "B"),
    "labels": ("", "the answer is ", "B"),
    "letters": ("", "A. ", ""),
    "brackets": ("", "(", "B"),
    "boxes": ("", r"\boxed{", "B"),
    "closed boxes": ("", r"\boxed{}", "B"),
    "dollars": ("", "$", "B"),
    "nots": ("B", " not ", "A"),
    "marks": ("", "*", "B"),
    "judgements": ("", "judgement ", "1"),
    "judgement and spaces": ("judgement", " :", "x"),
    "combining": ("a", "\u0315\u0300", ""),  # quadratic in Unicode's own normalisation
    "ligatures": ("", "\ufdfa", ""),  # 18 characters each, once normalised
    "lines": ("", "B\n", "no"),
    "thoughts": ("", "</think>", "B"),
}


def seconds_to_read(text: str) -> float:
    """Processor time of all that is read from a text, as an answer and as a reply."""
    started = time.process_time()
    for scorer in (Corrected(), Published()):
        for question in (choice(text), choice(text, benchmark="vstar"), pope(text)):
            scorer.decide(question)
            scorer.read_reply(question, text)
    return time.process_time() - started


@pytest.mark.parametrize("name", ENDLESS)
def test_reading_time_grows_no_faster_than_the_text(name):
    start, repeated, end = ENDLESS[name]
    shorter, longer = (seconds_to_read(start + repeated * (size // len(repeated)) + end) for size in (50_000, 800_000))
    assert longer < 64 * max(shorter, 0.01)  # 16 times the text; were it quadratic, 256 times the time


def test_text_of_the_greatest_length_that_is_read_takes_no_time():
    for start, repeated, end in ENDLESS.values():
        assert seconds_to_read(start + repeated * ((LONGEST - 10) // len(repeated)) + end) < 1


def test_labelled_answers(capsys):
    """The rules against answers labelled by hand: right, wrong, or unsure where a person cannot tell."""
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told: Counter[tuple[str, str]] = Counter()
    mistaken = []
    for row in rows:
        options = tuple(row["options"].split("|")) if row["options"] else ()
        question = Judged(row["benchmark"], row["question"], options, row["gold"], row["gold_letter"], row["answer"])
        decision = scorer.decide(question)
        said = "judge" if isinstance(decision, AskJudge) else "right" if decision else "wrong"
        told[row["plain"], "judge" if said == "judge" else "rule"] += 1
        if said not in ("judge", row["label"]):
            mistaken.append((row["answer"], said, row["label"]))
    asked = told["yes", "judge"] / (told["yes", "judge"] + told["yes", "rule"])
    with capsys.disabled():
        print(
            f"\nrules on {len(rows)} labelled answers: {len(mistaken)} mistaken; "
            f"of the plain ones {asked:.1%} go to the judge"
        )
    assert len(rows) == 200
    assert mistaken == []
    assert asked <= 0.10
