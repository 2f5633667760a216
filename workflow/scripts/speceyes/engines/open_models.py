"""A job's models: each is opened when it is first asked for, whatever asks, and closed with the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any

from speceyes.engines.base import Engine, Place
from speceyes.engines.registry import open_engine, serves_many
from speceyes.engines.shared import ServedModel, SharedModel


class OpenModels:
    """Models by the names that a job has for them, open until the context ends.

    Args:
        engines: the validated section ``models.NAME.engine`` of each.
        places: where each lies, and what it may use.
    """

    def __init__(self, engines: Mapping[str, Mapping[str, Any]], places: Mapping[str, Place]) -> None:
        self.places = places
        self._engines = engines
        self._open: dict[str, Engine] = {}
        self._held = ExitStack()

    def __enter__(self) -> OpenModels:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool | None:
        self._open.clear()
        return self._held.__exit__(kind, error, where)  # a server that has ended explains the error

    def engine(self, name: str) -> Engine:
        """A model, for one thread.

        Raises:
            EngineError: see :meth:`speceyes.engines.base.EngineType.open`.
        """
        if name not in self._open:
            self._open[name] = self._held.enter_context(open_engine(self._engines[name], self.places[name]))
        return self._open[name]

    @contextmanager
    def shared(self, name: str, largest_batch: int) -> Iterator[SharedModel | ServedModel]:
        """A model for many threads, as long as the context lasts; see :mod:`speceyes.engines.shared`.

        Args:
            name: the model's.
            largest_batch: requests at once at most, of an engine that does not serve many by itself.

        Raises:
            EngineError: see :meth:`speceyes.engines.base.EngineType.open`.
        """
        engine = self.engine(name)
        if serves_many(self._engines[name]):
            yield ServedModel(engine)
        else:
            with SharedModel(engine, largest_batch) as model:
                yield model
