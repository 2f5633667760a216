"""What the towers are shown and told in training is what they meet in the study."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_world import small_pool
from speceyes.engines.processors import load_processor
from speceyes.miniature.scenes import COLORS, GRID, dot_token
from speceyes.training.architectures import agent_model, draft_model
from speceyes.training.vision import (
    IGNORE,
    NAMES,
    Readouts,
    crop_labels,
    dense_loss,
    features,
    patches,
    use_linear_patch_embedding,
    view_batch,
    view_labels,
)

MINIATURE = Path(__file__).parents[3] / "resources/miniature"
FAMILIES = {"draft": draft_model, "agent": agent_model}
FOLDERS = {"draft": MINIATURE / "draft", "agent": MINIATURE / "deepeyes"}


@pytest.fixture(scope="module")
def pool():
    return small_pool(6)


@pytest.mark.parametrize("family", FAMILIES)
def test_patches_are_those_of_the_image_processor(family, pool):
    views = {"draft": pool.draft_views, "agent": pool.agent_views}[family][:2]
    processor = load_processor(FOLDERS[family]).image_processor
    expected = processor([Image.fromarray(view) for view in views], return_tensors="pt")
    pixels, grid = patches(views, family)
    torch.testing.assert_close(pixels, expected["pixel_values"], atol=1e-5, rtol=0)
    assert torch.equal(grid, expected["image_grid_thw"])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_linear_patch_embedding_is_the_convolution(family, pool):
    tokenizer = load_processor(FOLDERS[family]).tokenizer
    model = FAMILIES[family](tokenizer, seed=1)
    pixels, grid, _ = view_batch(pool, family, np.array([0, 1]))
    with torch.no_grad():
        convolved = features(model, pixels, grid)
        use_linear_patch_embedding(model)
        torch.testing.assert_close(features(model, pixels, grid), convolved, atol=1e-4, rtol=1e-4)


def test_view_labels_stand_where_the_plates_are(pool):
    for scene in pool.scenes:
        labels = view_labels(scene).reshape(len(NAMES), GRID, GRID)
        assert (labels[0] > 0).sum() == len(scene.plates)
        for plate in scene.plates:
            assert labels[NAMES.index("color"), plate.row, plate.column] == tuple(COLORS).index(plate.color)
            assert labels[NAMES.index("column"), plate.row, plate.column] == plate.column


def test_crop_labels_know_the_dot(pool):
    for scene, windows in zip(pool.scenes, pool.windows, strict=True):
        for plate, window in zip(scene.plates, windows, strict=True):
            labels = crop_labels(scene, window)
            assert labels[NAMES.index("dot"), dot_token(plate, window)] == 1
            colors = set(labels[NAMES.index("color")].tolist()) - {IGNORE}
            assert colors == {tuple(COLORS).index(plate.color)}


def test_right_readings_cost_nothing(pool):
    labels = torch.from_numpy(view_labels(pool.scenes[0]))
    perfect = {}
    for name, row in zip(NAMES, labels, strict=True):
        size = Readouts().heads[name].out_features
        perfect[name] = 50.0 * torch.nn.functional.one_hot(row.clamp(min=0), size).float()
    assert dense_loss(perfect, labels, 0.2).item() < 1e-6
    wrong = perfect | {"color": perfect["color"].roll(1, dims=1)}
    assert dense_loss(wrong, labels, 0.2).item() > 1
