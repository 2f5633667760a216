"""What the card says of given records, counted by hand."""

import math

import pandas as pd
import pytest
from PIL import Image
from speceyes.evaluation.card import Card, JudgeCard
from speceyes.evaluation.marking import Marker
from speceyes.evaluation.results_table import BEGIN, END, results_table, write_results
from speceyes.miniature.generate import Sizes
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord, ToolUse, Turn

OPTIONS = ("red", "blue", "green", "cyan")
TARGET = (112, 112, 224, 224)
IDS = ("vstar/direct_attributes/0000", "vstar/direct_attributes/0001", "hrbench/4k/0000", "pope/random/0000")
DIFFICULTIES = ("plain", "tiny", "plain", "tiny")


def question(sample_id: str) -> Sample:
    benchmark, split, _ = sample_id.split("/")
    choice = benchmark != "pope"
    return Sample(
        sample_id=sample_id,
        benchmark=benchmark,
        split=split,
        question="What is the color of the dot on the star?" if choice else "Is there a red dot on the star?",
        options=OPTIONS if choice else (),
        gold="red" if choice else "yes",
        gold_letter="A" if choice else "",
        category="",
        image="picture.png",
        image_id="a",
        width=896,
        height=896,
    )


def zoom(status="ok", box=TARGET):
    return ToolUse(name="image_zoom_in_tool", status=status, box=box if status == "ok" else ())


def code(picture):
    return ToolUse(name="code", status="ok", images=(picture,))


def turn(tool=None, score=None):
    return Turn(text="", generated_tokens=10, latency_s=0.1, tool=tool, score=score)


def episode(sample_id, answer, *turns, status="ok", latency_s=1.0):
    return AgentRecord(
        sample_id=sample_id,
        status=status,
        latency_s=latency_s,
        answer=answer,
        turns=turns or (turn(),),
        tool_calls=sum(own.tool is not None for own in turns),
    )


class GivenTrial:
    """Records written by hand in place of passes."""

    def __init__(self, folder):
        self.images = self.media = folder

    def samples(self):
        return [question(sample_id) for sample_id in IDS]

    def scenes(self):
        rows = [{"difficulty": d, **dict(zip(("x1", "y1", "x2", "y2"), TARGET, strict=True))} for d in DIFFICULTIES]
        return pd.DataFrame(rows, index=list(IDS))

    def drafts(self):
        answers = ("It is red. A. red", "It is blue. B. blue", "It is red. A. red", "The dot is red. yes")
        spread = (9.0, 1.0, 8.0, 2.0)  # the wrong answer is the least sure
        return [
            DraftRecord(
                sample_id=sample_id,
                latency_s=0.25,
                generated_tokens=2,
                text=text,
                tokens=("a", "b"),
                top_logprobs=((-1 / gap, *(-gap - 1 - 0.1 * k for k in range(63))),) * 2,
            )
            for sample_id, text, gap in zip(IDS, answers, spread, strict=True)
        ]

    def episodes(self, name):
        tool = zoom() if name == "deepeyes" else code("cut.png")
        other = zoom(box=(0, 0, 112, 112)) if name == "deepeyes" else code("elsewhere.png")
        return [
            episode(IDS[0], "A. red", turn(zoom("malformed")), turn()),
            episode(IDS[1], "A. red", turn(tool), turn(tool), turn(), latency_s=3.0),
            episode(IDS[2], "", status="no_answer"),
            episode(IDS[3], "yes", turn(other), turn()),
        ]

    def timed_episodes(self, name):
        return self.episodes(name)

    def screenings(self, name):
        tool_free = (True, False, True, True)
        return [
            ScreenRecord(sample_id=sample_id, latency_s=0.5, text="", tool_free=free)
            for sample_id, free in zip(IDS, tool_free, strict=True)
        ]

    def proposals(self, name):
        return [
            episode(IDS[0], "A. red", turn(score=9)),
            episode(IDS[1], "", turn(zoom(), score=7), status="no_answer"),
            episode(IDS[2], "B. blue", turn(score=2)),
            episode(IDS[3], "", turn(zoom(box=(0, 0, 50, 50)), score=8), status="no_answer"),
        ]


@pytest.fixture
def marker(tmp_path):
    noise = Image.effect_noise((896, 896), 60).convert("RGB")
    noise.save(tmp_path / "picture.png")
    noise.crop(TARGET).save(tmp_path / "cut.png")
    noise.crop((0, 0, 112, 112)).save(tmp_path / "elsewhere.png")
    return Marker(GivenTrial(tmp_path))


def test_the_drafts_card_holds_what_its_records_show(marker):
    card = marker.draft()
    assert (card.easy, card.hard, card.overall, card.n, card.n_hard) == (1.0, 0.5, 0.75, 4, 2)
    assert card.by_benchmark == {"vstar": 0.5, "hrbench": 1.0, "pope": 1.0}
    assert card.auroc_min == card.auroc_log == 1.0
    assert (card.mean_tokens, card.median_latency_s) == (2.0, 0.25)


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
def test_an_agents_card_holds_what_its_records_show(name, marker):
    card = getattr(marker, name)(marker.draft())
    assert (card.easy, card.hard, card.overall, card.answered) == (0.5, 1.0, 0.75, 0.75)
    assert (card.target_in_crop, card.tool_use_easy, card.tool_use_hard) == (0.5, 0.5, 1.0)
    assert (card.second_look, card.screening_accuracy, card.mean_turns) == (0.25, 0.75, 2.0)
    assert (card.score_right, card.score_wrong, card.score_auroc, card.n_proposals) == (8.0, 5.0, 0.75, 4)
    assert (card.latency_ratio, card.screening_ratio) == (4.0, 2.0)
    works = card.tool_call_valid if name == "deepeyes" else card.code_runs
    assert works == 0.75


def test_an_answer_that_rules_leave_to_a_judge_is_not_right(marker):
    assert marker.right(IDS[0], "(a)")
    assert not marker.right(IDS[0], "either red or blue")
    assert not marker.right(IDS[3], "There is one.")


def test_without_a_wrong_proposal_there_is_nothing_to_compare(marker, monkeypatch):
    monkeypatch.setattr(GivenTrial, "proposals", lambda self, name: [episode(IDS[0], "A. red", turn(score=9))])
    card = marker.deepeyes(marker.draft())
    assert card.score_right == 9
    assert math.isnan(card.score_wrong)
    assert math.isnan(card.score_auroc)


def test_the_readme_takes_the_tables_and_keeps_the_rest(marker, tmp_path):
    draft = marker.draft()
    card = Card(
        models={"draft": "1f"},
        seed=1,
        sizes=Sizes(),
        questions=4,
        images=1,
        draft=draft,
        deepeyes=marker.deepeyes(draft),
        thyme=marker.thyme(draft),
        judge=JudgeCard(accuracy=0.994, n=1000),
    )
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold numbers\n{END}\nafter\n")
    write_results(readme, card)
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old numbers" not in text
    assert results_table(card) in text
    assert "| draft | 1.000 | 0.500 | 0.750 | 0.500 | 1.000 | 1.000 |" in text
    assert "| tool calls valid / code runs | 0.750 | 0.750 |" in text
    write_results(readme, card)
    assert readme.read_text() == text
    assert "by training seed" not in text
    other = draft.model_copy(update={"hard": 0.25})
    write_results(readme, card.model_copy(update={"drafts_of_other_seeds": {3: other}}))
    assert "| 0 (shipped) | 1.000 | 0.500 | 1.000 | " in readme.read_text()
    assert "| 3 | 1.000 | 0.250 | 1.000 | " in readme.read_text()
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="marks are missing"):
        write_results(readme, card)
