"""What every column of a table means: type, unit, range and words; one meaning per name, unless a table has its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from speceyes.judging.scorers import SCORER_NAMES

Kind = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Args:
        meaning: in words.
        unit: of its numbers; empty for names and truths.
        low: the least value it may have, None where there is no such limit.
        high: the largest.
    """

    kind: Kind
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def range(self) -> str:
        """The range as interval notation; empty where there is no limit."""
        if self.low is None and self.high is None:
            return ""
        low = "(-∞" if self.low is None else f"[{self.low:g}"
        high = "∞)" if self.high is None else f"{self.high:g}]"
        return f"{low}, {high}"


class UnknownColumnError(Exception):
    """A table has a column that is described nowhere."""


def column(table: str, name: str) -> Column:
    """The description of a table's column.

    Args:
        table: the table's name, without its folder and ending.
        name: the column's name.

    Raises:
        UnknownColumnError: there is none.
    """
    own = OF_TABLE.get(f"{table}.{name}") or COLUMNS.get(name)
    if own:
        return own
    end = re.fullmatch(r"(.+)_(low|high)", name)
    if end:
        whole = column(table, end[1])
        return replace(whole, meaning=f"{'lower' if end[2] == 'low' else 'upper'} limit of the interval of {end[1]}")
    if table == "provenance":
        given = name.removeprefix("input.")
        return _text(f"fingerprint of what the pass was given as {given}" if given != name else f"version of {name}")
    confidence = re.fullmatch(r"(.+)_k(\d+)", name)
    if confidence:
        return _share(f"the draft's confidence by {confidence[1]} over the {confidence[2]} largest logits")
    raise UnknownColumnError(f"{table}: the column {name!r} is described nowhere in speceyes/tables/columns.py")


def _text(meaning: str) -> Column:
    return Column("string", meaning)


def _truth(meaning: str) -> Column:
    return Column("boolean", meaning)


def _count(meaning: str, unit: str = "samples") -> Column:
    return Column("integer", meaning, unit, low=0)


def _share(meaning: str) -> Column:
    return Column("number", meaning, "share", low=0, high=1)


def _difference(meaning: str) -> Column:
    return Column("number", meaning, "share", low=-1, high=1)


def _points(meaning: str) -> Column:
    return Column("number", meaning, "percentage points", low=-100, high=100)


def _ratio(meaning: str) -> Column:
    return Column("number", meaning, "ratio", low=0)


def _number(meaning: str, unit: str) -> Column:
    return Column("number", meaning, unit, low=0)


NAMES = {
    "agent": _text("the agent as the configuration names it; empty where none takes part"),
    "benchmark": _text("the benchmark as the configuration names it"),
    "split": _text("the benchmark's split"),
    "category": _text("the benchmark's category of the question; empty where it has none"),
    "sample_id": _text("benchmark/split/row of one question"),
    "image_id": _text("SHA-256 of the picture's bytes; questions about one picture share it"),
    "system": _text("draft, agent, specreason or speceyes (the funnel)"),
    "method": _text("draft, agent, specreason, speceyes, or the funnel without one of its parts"),
    "metric": _text("how the draft's confidence is made: min, mean, bottom20, log, or one's own"),
    "scorer": _text("published or corrected"),
    "source": _text("whose answer it is: draft, agent, specreason; -corrected is the corrected protocol"),
    "variant": _text("the protocol: published or corrected"),
    "setting": _text("a setting of the grid as one word"),
    "speedup_over": _text("the agent whose time the speedup is over"),
    "compared_with": _text("the metric that differences are taken to"),
    "first_difference": _text("the first sample whose answers differ; empty if none does"),
    "value": _text("what is varied, at the value of this row"),
    "quantity": _text("what is measured"),
    "conclusion": _text("what follows from the interval"),
    "sentence": _text("the row in words"),
    "status": _text("ok, or how the pass ended without an answer"),
    "answer": _text("the answer as the model wrote it"),
    "stage": _text("which stage's pass"),
    "step": _text("what was timed: screen, draft, agent, specreason"),
    "timed_answer": _text("what the timed run answered there"),
    "stored_answer": _text("what is stored for it"),
}
KEYS = {
    "top_k": Column("integer", "K, how many of the largest logits the confidence looks at", "logits", low=2),
    "batch_size": Column("integer", "prompts per forward pass of draft and screening; 0 for agents", "prompts", low=0),
    "threshold": _share("τ: a draft answer is accepted if its confidence is strictly above"),
    "n": _count("samples of the row"),
    "level": _share("level of the intervals"),
    "main_table": _truth("whether the setting stands in the main table"),
}
MEASURES = {
    "accuracy": _share("right answers over counted answers"),
    "difference": _difference("accuracy less that of the agent alone"),
    "speedup": _ratio("seconds of the agent alone over seconds of the system, summed over the same samples"),
    "alpha": _share("α: share of the tool-free samples whose draft answer is accepted"),
    "beta": _share("β: share of samples that screening calls tool-free"),
    "accepted": _share("share of all samples whose draft answer is accepted"),
    "acceptance": _share("share of the draft's proposed steps that the agent's model keeps"),
    "steps": _number("steps of reasoning per sample", "steps"),
    "score": Column("number", "mean score that the agent's model gives a proposed step", "points", low=0, high=9),
    "unanswered": _count("scores that the agent's model did not give"),
    "tokens": _number("generated tokens per sample, all phases", "tokens"),
    "tool_calls": _number("tool calls of the agent per sample", "calls"),
    "latency_s": _number("seconds per sample, all phases", "s"),
    "screen_s": _number("seconds per sample of screening", "s"),
    "draft_s": _number("seconds per sample of the draft", "s"),
    "agent_s": _number("seconds per sample of the agent", "s"),
    "tool_free": _truth("whether screening says that no tools are needed"),
    "errored": _truth("whether the answer ended in an error"),
    "deferred": _share("share of samples handed to the agent"),
    "selective_accuracy": _share("accuracy of the draft on the samples that are kept from the agent"),
    "right": _count("draft answers that are right"),
    "precision": _share("of the answers yes, the share that is right"),
    "recall": _share("of the questions whose right answer is yes, the share answered yes"),
    "f1": _share("harmonic mean of precision and recall"),
    "yes_share": _share("share of the answers that are yes"),
}
BY_SCORER = {
    "accuracy_{}": _share("right answers over the answers that the {} scorer counts"),
    "paired_{}": _count("samples that the {} scorer counts for the system and for the agent alone"),
    "wins_{}": _count("samples that only the system gets right, {} scorer"),
    "losses_{}": _count("samples that only the agent alone gets right, {} scorer"),
    "difference_{}": _difference("accuracy less the agent's on the samples that the {} scorer counts for both"),
    "p_{}": _share("exact two-sided p of no difference to the agent, by picture, {} scorer"),
    "{}_correct": _share("1 right, 0 wrong by the {} scorer"),
    "{}_decided_by": _text("what decided by the {} scorer: rule, judge, unparsed, missing"),
    "{}_rule": _count("answers decided by a rule, {} scorer"),
    "{}_judge": _count("answers decided by the judge, {} scorer"),
    "{}_unparsed": _count("answers whose judge's reply could not be read, {} scorer"),
    "draft_{}": _share("1 if the draft's answer is right by the {} scorer, 0 if wrong"),
    "agent_{}": _share("1 if the agent's answer is right by the {} scorer, 0 if wrong"),
    "dominated_by_{}": _text("a setting that is at least as fast and as accurate by the {} scorer; empty on the front"),
    "ours_{}": _ratio("this study's number; an accuracy is under the {} scorer"),
    "{}_published": _share("accuracy under the published protocol, {} scorer"),
    "{}_corrected": _share("accuracy under the corrected protocol, {} scorer"),
    "{}_difference": _points("accuracy under the corrected protocol less the published one's, {} scorer"),
}
QUALITY = {
    "auroc": _share("probability that a right draft answer has a higher confidence than a wrong one"),
    "auroc_difference": _difference("auroc less that of the metric compared with"),
    "auroc_p": _share("two-sided p of no difference in auroc"),
    "aurc": _share("area under the curve of error over coverage; lower is better"),
    "aurc_difference": _difference("aurc less that of the metric compared with"),
    "aurc_p": _share("two-sided p of no difference in aurc"),
    "aupr": _share("area under the curve of precision over recall, of right answers"),
    "ece": _share("expected calibration error: mean distance of confidence and accuracy"),
}
ADVICE = {
    "epsilon": _share("ε: accuracy that may be lost against the agent"),
    "delta": _share("δ: probability with which that may fail"),
    "calibration_images": _count("pictures that the threshold was chosen on", "images"),
    "calibration_n": _count("samples about them"),
    "images_needed": _count("pictures below which no threshold can be certified", "images"),
    "agent_accuracy": _share("the agent's accuracy on the other pictures"),
    "paper_threshold": _share("the paper's threshold"),
    **{
        f"{which}_{name}": replace(what, meaning=f"{what.meaning}; {words} on the other pictures")
        for which, words in (("threshold", "the recommended threshold"), ("paper", "the paper's threshold"))
        for name, what in {
            "accepted": MEASURES["accepted"],
            "accuracy": MEASURES["accuracy"],
            "difference": _difference("accuracy less the agent's"),
            "speedup": MEASURES["speedup"],
        }.items()
    },
}
COUNTS = {
    "timed": _count("samples whose seconds were measured"),
    "expected": _count("samples of the split"),
    "answered": _count("samples that ended with an answer"),
    "same_tool_free": _count("samples that live and replayed screening decide alike"),
    "same_source": _count("samples that live and replay take the same route"),
    "same_answer": _count("samples that live and replay answer alike"),
    "same": _count("samples with the same status and answer in both"),
    "errored_published": _count("samples that ended in an error under the published protocol"),
    "errored_corrected": _count("samples that ended in an error under the corrected protocol"),
    "unread": _count("answers whose judge's reply could not be read by the corrected scorer"),
    "wrong_to_right": _count("answers that the published scorer calls wrong and the corrected one right"),
    "right_to_wrong": _count("answers that the published scorer calls right and the corrected one wrong"),
    "errors": _count("samples that ended in an error"),
    "stuck": _count("texts that repeat one token up to their limit", "texts"),
    "cut": _count("samples whose batch was cut to fit the memory"),
    "smallest_batch": _count("the smallest batch it was cut to; 0 if none was", "prompts"),
    "batch": Column("integer", "prompts per forward pass; missing for agents", "prompts", low=1),
    "wording": Column("string", "in whose words the draft is asked: draft (the common ones) or an agent's"),
}
EFFECTS = {
    "max_confidence_difference": _share("the largest difference of a sample's live and replayed confidence"),
    "speedup_live": _ratio("speedup over the agent alone by the clock of the live run"),
    "speedup_replay": _ratio("speedup over the agent alone by replay"),
    "latency_ratio": _ratio("mean seconds per sample, corrected over published protocol"),
    "errors_count": _points("change of accuracy where errors count as wrong instead of being dropped"),
    "unread_replies": _points("change of accuracy where unreadable judge replies are left out"),
    "rules": _points("change of accuracy by the rules that decide right and wrong"),
    "published": _ratio("the paper's number"),
    "low": Column("number", "lower limit of our interval", "as the quantity's"),
    "high": Column("number", "upper limit of our interval", "as the quantity's"),
    "table": _text("the table that the row is about"),
}
CLAIMS = {
    "number": Column("integer", "number of the claim in config/claims.yaml", low=1),
    "claim": _text("the claim in words"),
    "place": _text("where the paper makes it"),
    "paper": _text("what the paper prints"),
    "finding": _text("what this study finds, in a sentence"),
    "estimate": Column("number", "the estimate that decides", "as the quantity's"),
    "samples": _count("samples behind the estimate"),
    "samples_needed": _count("samples that would decide; inf where 1,000 times those there are would not"),
    "tests": _count("estimates that bear on the claim", "estimates"),
    "inside": _count("estimates that lie where the claim puts them", "estimates"),
    "p": _share("p of the claim by itself"),
    "p_adjusted": _share("p with the number of claims allowed for"),
    "tables": _text("the tables that this is made from"),
    "test": _text("the test's name in config/claims.yaml"),
    "at_least": Column("number", "least value that agrees with the claim", "as the quantity's"),
    "at_most": Column("number", "largest value that agrees with the claim", "as the quantity's"),
    "distance": Column("number", "distance into the claim's region; negative outside", "standard errors"),
}
PROVENANCE = {
    "record": _text("the kind of records in the table"),
    "written": _text("when it was written, UTC"),
    "device": _text("the machine's accelerator or processor"),
    "commit": _text("the workflow's commit"),
    "dirty": _truth("whether files differed from that commit"),
    "python": _text("version of Python"),
}


def _named_by_scorer() -> dict[str, Column]:
    return {
        name.format(scorer): replace(one, meaning=one.meaning.format(scorer))
        for name, one in BY_SCORER.items()
        for scorer in SCORER_NAMES
    }


COLUMNS: dict[str, Column] = {
    **_named_by_scorer(),
    **{name: one for part in (NAMES, KEYS, MEASURES, QUALITY, ADVICE) for name, one in part.items()},
    **{name: one for part in (COUNTS, EFFECTS, CLAIMS, PROVENANCE) for name, one in part.items()},
}
_PER_SAMPLE = {
    "tokens": Column("integer", "generated tokens of the pass that gave the answer", "tokens", low=0),
    "tool_calls": Column("integer", "tool calls of that pass", "calls", low=0),
    "steps": Column("integer", "turns of that pass", "steps", low=0),
    "latency_s": _number("seconds that giving the answer takes alone; missing unless timed", "s"),
}
_THROUGHPUT = {
    "system": _text("agent, the agent alone, or funnel"),
    "arrivals": _text("closed: level questions under way at any time; poisson: level per second at random times"),
    "level": _number("questions under way, or questions per second", "questions"),
    "n": _count("answers in all runs of the row", "answers"),
    "runs": _count("runs of the row", "runs"),
    "answers_per_s": _number("answers over the seconds until the last, all runs together", "1/s"),
    "p50_s": _number("seconds from a question's arrival to its answer, median", "s"),
    "p95_s": _number("seconds from a question's arrival to its answer, 95 per cent", "s"),
    "p99_s": _number("seconds from a question's arrival to its answer, 99 per cent", "s"),
    "bound": _number("1 / (1 - βα): what sparing the agent can bring at most", "ratio"),
    "gain": _ratio("answers per second over the agent's alone at the same level"),
    "same_answers": _count("answers that the study's own passes gave too", "answers"),
    "cpu_share": Column("number", "processor time over the time of all cores", "share", low=0),
    "gpu_share": _share("utilisation of the GPUs; empty where there is none"),
    "agent_share": Column("number", "share of the time that the agent's model was at work", "share", low=0),
    "draft_share": Column("number", "share of the time that the draft model was at work", "share", low=0),
}

OF_TABLE: dict[str, Column] = {
    **{f"throughput.{name}": one for name, one in _THROUGHPUT.items()},
    **{f"answers.{name}": one for name, one in _PER_SAMPLE.items()},
    "outcomes.tool_calls": _PER_SAMPLE["tool_calls"],
    "ledger.errored": _count("samples that ended in an error"),
    "scorer_effects.errored": _count("samples that ended in an error"),
    "published_vs_ours.table": _text("the paper's table"),
    "claim_tests.estimate": Column("number", "what was estimated", "as the quantity's"),
}
