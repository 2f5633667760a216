"""Every stage of the training runs, in order, from an empty folder to four loadable models."""

import subprocess
import sys
from pathlib import Path

from PIL import Image
from speceyes.engines.base import Message, Request
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.transformers_engine import TransformersEngine
from transformers import AutoModelForCausalLM, AutoTokenizer

REPOSITORY = Path(__file__).parents[2]


def train(folder: Path) -> str:
    """The training's command line at its smallest scale; returns its log."""
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "speceyes", "train-miniature", "--smoke", "--threads", "1"),
            *("--build", str(folder / "build"), "--output", str(folder / "models")),
        ],
        cwd=REPOSITORY,
        env={"PYTHONPATH": "workflow/scripts", "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_training_makes_four_models_and_what_is_made_is_not_made_again(tmp_path):
    log = train(tmp_path)
    for stage in (
        "tower draft",
        "tower agent",
        "draft",
        "deepeyes",
        "deepeyes long thinking",
        "thyme long thinking",
        "deepeyes look first",
        "thyme look first",
        "deepeyes scoring",
        "judge",
    ):
        assert f"{stage} 2/2" in log
    for name in ("draft", "deepeyes", "thyme"):
        engine = TransformersEngine(tmp_path / "models" / name, TransformersSettings(device="cpu"))
        picture = Image.new("RGB", (300, 300))
        (said,) = engine.generate([Request((Message("user", (picture, "What?")),), max_new_tokens=3, top_k=4)])
        assert said.top_logprobs.shape == (len(said.token_ids), 4)
    AutoModelForCausalLM.from_pretrained(tmp_path / "models/judge")
    shipped, rebuilt = (
        AutoTokenizer.from_pretrained(folder / "draft")
        for folder in (REPOSITORY / "resources/miniature", tmp_path / "models")
    )
    assert shipped.get_vocab() == rebuilt.get_vocab()

    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pt")}
    again = train(tmp_path)
    assert "2/2" not in again
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pt")} == written
