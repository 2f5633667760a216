"""The corrected scorer on generated wordings: a rule is right or leaves the answer to the judge."""

from hypothesis import example, given
from hypothesis import strategies as st
from judged_answers import OPTIONS, choice, pope
from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.scorers import AskJudge

scorer = CorrectedScorer()

LETTER = st.sampled_from("ABCD")

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

OPEN_YES_OR_NO = (
    "not {0}", "{0} or not", "{0} doubt", "hardly {0}", "{0}?", "I would not say {0}", "maybe {0}", '"{0}", they say',
    "{0} and {1}", "{1} or {0}", "{0}, {1}", "if {0}, then a cat", "{0} problem, here is a dog", "{0} one knows",
)  # fmt: skip

AROUND = st.sampled_from(
    ["{}", "{}.", "**{}**", "So {}", "{}\n", r"\boxed{{{}}}", "<answer>{}</answer>", "（{}）", "“{}”"]
)

SPELT = st.sampled_from(["{letter}", "({letter})", "{letter}.", "{text}", "{letter}. {text}", "**{letter}** {text}"])


def spelt(form: str, letter: str) -> str:
    return form.format(letter=letter, text=OPTIONS["ABCD".index(letter)])


@given(gold=LETTER, said=LETTER, form=st.sampled_from(["{0}", "{0}.", "({0})", "{0}. {1}", "So it is {1}. {0}. {1}"]))
def test_a_clear_choice_is_right_exactly_when_it_is_the_gold(gold, said, form):
    options = ("left", "right", "top", "bottom")
    answer = form.format(said, options["ABCD".index(said)])
    assert scorer.decide(choice(answer, gold, options)) is (said == gold)


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


@given(word=st.sampled_from(["yes", "no", "Yes", "No"]), sentence=st.sampled_from(OPEN_YES_OR_NO), around=AROUND)
def test_a_denied_or_open_yes_or_no_is_decided_by_no_rule(word, sentence, around):
    answer = around.format(sentence.format(word, {"yes": "no", "no": "yes"}[word.lower()]))
    assert isinstance(scorer.decide(pope(answer)), AskJudge)


@given(st.text(max_size=80), LETTER)
def test_any_text_is_scored_without_an_error(answer, letter):
    assert isinstance(scorer.decide(choice(answer, letter)), bool | AskJudge)
    assert isinstance(scorer.decide(pope(answer)), bool | AskJudge)
    assert scorer.read_reply(choice(answer), answer) in (True, False, None)
