"""The memory that a study's jobs are said to need, from the models' shapes, its batches and its pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from configurations import written
from scripted import sample
from snakemake.utils import update_config
from speceyes.documents import DocumentError
from speceyes.engines.shape import Shape, read_shape
from speceyes.records.samples import write_samples
from speceyes.study.config import load_config
from speceyes.study.gpu_memory import card_gigabytes, planned_memory, render_memory
from speceyes.study.layout import Layout
from speceyes.study.study import Study

ROOT = Path(__file__).parents[3]
REGISTERED = written("models.yaml")
(ONE_GPU,) = re.findall(r"```yaml\n# one-gpu.yaml\n(.*?)```", (ROOT / "docs" / "scaling.md").read_text(), re.DOTALL)


def paper(layout: Layout | None = None, **changes: object) -> Study:
    config = written("config.yaml")
    update_config(config, changes)
    return Study(load_config(config), layout)


def totals(study: Study) -> dict[str, float]:
    return {f"{one.stage} {one.agent}".strip(): one.need.total for one in planned_memory(study) if one.need}


@pytest.mark.parametrize(
    ("name", "family"),
    [("Qwen/Qwen3-VL-2B-Instruct", "Qwen3VL"), ("ChenShawn/DeepEyes-7B", "Qwen2_5_VL")],
)
def test_a_registered_shape_has_the_parameters_of_the_real_architecture(name, family, tmp_path):
    """Built without memory, on torch's meta device, and read back from the configuration that it saves."""
    import torch
    import transformers

    shape = REGISTERED[name]["shape"]
    rope = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}}
    tied = {"tie_word_embeddings": shape["text"].get("tie_word_embeddings", False)}
    config = getattr(transformers, f"{family}Config")(
        text_config=shape["text"] | rope, vision_config=shape["vision"], **tied
    )
    with torch.device("meta"):
        model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    config.save_pretrained(tmp_path)
    found = read_shape(tmp_path)
    assert found.parameters == pytest.approx(model.num_parameters(), rel=0.06)
    assert found.parameters == Shape.model_validate(shape).parameters
    cache = 2 * found.text.num_hidden_layers * found.text.num_key_value_heads * found.text.head
    assert found.cache_values(10) == 10 * cache


def test_the_papers_study_at_the_papers_batch_size():
    """Of 38 GB and 42 GB, computed by hand for screening and live runs of six HR-Bench 8K pictures."""
    found = totals(paper())
    assert found["screen deepeyes"] == pytest.approx(38, abs=2)
    assert found["live thyme"] == pytest.approx(42, abs=2)


def test_the_documented_study_for_40_gb_fits_them():
    found = totals(paper(**yaml.safe_load(ONE_GPU)))
    assert {"draft", "screen thyme", "agent deepeyes", "specreason deepeyes", "live deepeyes"} < found.keys()
    assert {stage: need for stage, need in found.items() if need > 40} == {}


def test_more_prompts_smaller_pictures_and_other_types_change_the_need():
    usual = totals(paper())
    assert totals(paper(draft={"batch_size": 12}))["live thyme"] > usual["live thyme"] + 15
    half = {"models": {"thyme": {"engine": {"image": {"max_pixels": 8192 * 28 * 28}}}}}
    assert totals(paper(**half))["screen thyme"] < usual["screen thyme"] - 8
    wide = {"models": {"thyme": {"engine": {"dtype": "float32"}}}}
    assert totals(paper(**wide))["agent thyme"] > usual["agent thyme"] + 16
    flying = {"models": {"thyme": {"engine": {"concurrency": 16}}}}
    assert totals(paper(**flying))["agent thyme"] > usual["agent thyme"] + 15


def test_indexed_pictures_count_by_their_own_size(tmp_path):
    layout = Layout(str(tmp_path))
    study = paper(layout, benchmarks={"hrbench": {"splits": {"4k": 8}}})
    usual = totals(study)["screen thyme"]
    for benchmark, split in study.splits:
        samples = Path(layout.samples(benchmark, split))
        samples.parent.mkdir(parents=True)
        write_samples(samples, [sample(0), sample(1).model_copy(update={"width": 1600, "height": 1200})])
    assert totals(study)["screen thyme"] < usual - 10


def test_a_model_that_nothing_is_known_of_is_named():
    models = {"thyme": {"source": "some/model", "revision": None}}
    (screen,) = [one for one in planned_memory(paper(models=models)) if (one.stage, one.agent) == ("screen", "thyme")]
    assert screen.need is None
    assert "screen thyme           not known before some/model is downloaded" in render_memory([screen], None)


def test_what_a_card_cannot_hold_is_marked():
    planned = planned_memory(paper())
    rows = {line[2:24].strip(): line for line in render_memory(planned, 40.0).splitlines()[2:]}
    assert "48 GB, more than there is" in rows["live thyme"]
    assert "48 GB, more than there is" in rows["agent thyme"]
    assert "more than there is" not in rows["screen thyme"]


def test_models_on_the_cpu_or_on_servers_need_no_gpu():
    config = written("miniature.yaml")
    assert planned_memory(Study(load_config(config))) == []


@pytest.mark.parametrize(
    ("says", "found"),
    [("40960\n40960", 42.9), ("81559\n24576", 25.8), ("No devices were found", None)],
)
def test_the_smallest_card_counts(tmp_path, monkeypatch, says, found):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert card_gigabytes() == (None if found is None else pytest.approx(found, abs=0.1))


def test_a_machine_without_cards_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert card_gigabytes() is None


@pytest.mark.parametrize("text", ['{"model_type": "bert"}', "[]", '{"text_config": {"hidden_size": "x"}}'])
def test_a_configuration_of_something_else_is_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_shape(tmp_path)
    assert "\n" not in str(caught.value)
