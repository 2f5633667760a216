"""What the vision tower makes of a picture is made once, and with the same result."""

import weakref

import numpy as np
import pytest
from asked_models import settings
from noise_pictures import noise
from PIL import Image
from speceyes.engines.base import Message, Request
from speceyes.engines.transformers_engine import TransformersEngine


@pytest.fixture(scope="module")
def load(family):
    folder, factor = family
    return lambda: TransformersEngine(folder, settings(factor))


@pytest.fixture
def engine(load, monkeypatch):
    made = load()
    made.seen = []
    own = made._model.get_image_features

    def watched(patches, grids, **how):
        made.seen += [tuple(grid) for grid in grids.tolist()]
        return own(patches, grids, **how)

    monkeypatch.setattr(made._model, "get_image_features", watched)
    return made


def turns(*pictures: Image.Image) -> list[Request]:
    """The requests of an episode that sees one more picture in each turn."""
    parts = [Message("user", (picture, f"turn {number}")) for number, picture in enumerate(pictures)]
    return [Request(tuple(parts[: number + 1]), 6, top_k=4) for number in range(len(parts))]


def test_a_picture_goes_through_the_tower_once_in_an_episode(engine, load):
    asked = turns(noise(90, 60), noise(64, 64), noise(120, 40))
    answered = [engine.generate([request])[0] for request in asked]
    assert len(engine.seen) == 3
    for request, one in zip(asked, answered, strict=True):
        (fresh,) = load().generate([request])
        assert one.token_ids == fresh.token_ids
        np.testing.assert_allclose(one.top_logprobs, fresh.top_logprobs, atol=1e-4)


def test_pictures_of_a_batch_keep_their_places_beside_known_ones(engine, load):
    (first, second), (third,) = turns(noise(90, 60), noise(64, 64)), turns(noise(40, 120))
    engine.generate([second])
    together = engine.generate([third, second, first])
    assert len(engine.seen) == 3
    for request, one in zip((third, second, first), together, strict=True):
        (fresh,) = load().generate([request])
        assert one.token_ids == fresh.token_ids
        np.testing.assert_allclose(one.top_logprobs, fresh.top_logprobs, atol=1e-4)


def test_a_picture_that_one_prompt_shows_twice_is_made_once(engine):
    picture = noise(90, 60)
    engine.generate([Request((Message("user", (picture, "and again", picture)),), 4)])
    assert len(engine.seen) == 1


def test_features_go_with_their_picture(engine):
    picture = noise(90, 60)
    engine.generate(turns(picture))
    made = weakref.ref(engine._features._kept[picture]["pooler_output"])
    assert made() is not None
    del picture
    assert made() is None


def test_text_alone_asks_no_tower(engine):
    assert engine.generate([Request((Message("user", ("red",)),), 4)])[0].token_ids
    assert engine.seen == []
