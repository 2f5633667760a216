"""A job's models: opened once, closed together, and told of what went wrong meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
import speceyes.engines.open_models
from speceyes.engines.base import EngineError, Place
from speceyes.engines.open_models import OpenModels

ENGINE = {"type": "transformers"}


@pytest.fixture
def opened(monkeypatch) -> list[Path]:
    """The folders of the models that were opened; each explains an error that passes it, as a started server does."""
    folders: list[Path] = []

    @contextmanager
    def open_engine(engine, place):
        folders.append(place.model)
        try:
            yield place.model
        except ConnectionError as error:
            raise EngineError("the server ended") from error

    monkeypatch.setattr(speceyes.engines.open_models, "open_engine", open_engine)
    return folders


def models() -> OpenModels:
    return OpenModels({"a": ENGINE, "b": ENGINE}, {name: Place(Path(name), 0, Path("log")) for name in "ab"})


def test_a_model_is_opened_once_and_one_that_nothing_asks_for_never(opened):
    with models() as found:
        assert found.engine("a") is found.engine("a")
    assert opened == [Path("a")]


def test_an_error_of_the_job_reaches_the_models_that_can_explain_it(opened):
    with pytest.raises(EngineError, match="the server ended"), models() as found:
        found.engine("a")
        raise ConnectionError
