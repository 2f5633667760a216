"""Drafts in several wordings: what one asked is not asked again by another that says the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from speceyes.engines.base import Generation
from speceyes.images import Pictures
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.recalled_drafts import RecallingDrafter
from speceyes.prompts import PromptFile
from speceyes.records.samples import Sample
from speceyes.records.tables import write_table
from speceyes.records.types import DraftRecord


class CountingEngine:
    """Answers with the number of the request; the questions that it got are kept."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def generate(self, requests):
        found = []
        for request in requests:
            self.asked.append(str(request.messages[-1].parts[-1]))
            text = f"answer {len(self.asked)}"
            found.append(Generation(text, (1,), (text,), 9, "end_of_text", 0.5, np.float32([[-0.1, -2.0]])))
        return found


def drafter(engine: CountingEngine, options: str) -> Drafter:
    prompts = {"question": "Q {question}\n", "question_with_options": f"Q {{question}}\n{options}{{options}}"}
    roles = {"answer": {"user": "Answer:"}}
    return Drafter(engine, PromptFile.model_validate(prompts | {"roles": roles}), DraftSettings())


def sample(number: int, options: tuple[str, ...], image: str = "red.png") -> Sample:
    return Sample(
        sample_id=f"b/s/{number}", benchmark="b", split="s", question="the star?", options=options,
        gold="red", gold_letter="A" if options else "", category="", image=image, image_id="0", width=8, height=8,
    )  # fmt: skip


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("red", "blue"):
        Image.new("RGB", (8, 8), name).save(tmp_path / f"{name}.png")
    return tmp_path


CHOICE, OPEN, OTHER_PICTURE = sample(1, ("red", "blue")), sample(2, ()), sample(3, (), "blue.png")


def recalled(images: Path, options: str, asked: list[Sample], first: list[Sample]) -> tuple[list, list[str]]:
    """Texts and new questions of a second wording, after a first one was asked some samples."""
    engine = CountingEngine()
    table = images / "first.parquet"
    write_table(table, DraftRecord, drafter(engine, "Options: ").answer(first, Pictures(images)), {})
    before = len(engine.asked)
    records = RecallingDrafter(drafter(engine, options), [table]).answer(asked, Pictures(images))
    assert [record.sample_id for record in records] == [one.sample_id for one in asked]
    return [record.text for record in records], engine.asked[before:]


def test_equal_wordings_are_asked_once(images):
    texts, new = recalled(images, "Options: ", [CHOICE, OPEN], first=[CHOICE, OPEN])
    assert (texts, new) == (["answer 1", "answer 2"], [])


def test_only_questions_that_another_wording_changes_are_asked_in_it(images):
    """Wordings that differ before the options alone put a question without options alike."""
    texts, new = recalled(images, "Options:", [OPEN, CHOICE], first=[CHOICE, OPEN])
    assert texts == ["answer 2", "answer 3"]
    assert new == ["Q the star?\nOptions:\nA. red\nB. blue\nAnswer:"]


def test_the_same_words_about_another_picture_are_another_question(images):
    texts, new = recalled(images, "Options: ", [OTHER_PICTURE], first=[OPEN])
    assert (texts, len(new)) == (["answer 2"], 1)


def test_a_draft_that_failed_is_asked_again(images):
    (images / "red.png").rename(images / "gone.png")
    engine = CountingEngine()
    failed = drafter(engine, "").answer([OPEN], Pictures(images))
    assert failed[0].status == "error"
    write_table(images / "first.parquet", DraftRecord, failed, {})
    (images / "gone.png").rename(images / "red.png")
    [record] = RecallingDrafter(drafter(engine, ""), [images / "first.parquet"]).answer([OPEN], Pictures(images))
    assert (record.status, record.text) == ("ok", "answer 1")
