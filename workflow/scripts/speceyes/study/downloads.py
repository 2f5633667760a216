"""What a study downloads: benchmarks and models that have a source and lie where the download rules put them."""

from __future__ import annotations

import os
from pathlib import Path

from speceyes.downloads.registry import Repository, find_dataset, find_model
from speceyes.study.config.models import ModelConfig
from speceyes.study.study import Study

DATASETS, MODELS, PROMPTS = "resources/datasets/{dataset}", "resources/models/{model}", "resources/prompts"
_CONFIG = Path(__file__).parents[4] / "config"


class Downloads:
    """The study's downloads by their names in the configuration.

    Args:
        study: the study.
        registries: the folder of the files that say what each source holds.
    """

    def __init__(self, study: Study, registries: Path = _CONFIG) -> None:
        self._config = study.config
        self.registries = {
            name: os.path.relpath(registries / f"{name}.yaml") for name in ("datasets", "models", "prompts")
        }

    @property
    def datasets(self) -> dict[str, str]:
        """Benchmarks that are downloaded where they are not there yet: source by name."""
        return {
            name: benchmark.source
            for name, benchmark in self._config.benchmarks.items()
            if benchmark.source and benchmark.path == DATASETS.format(dataset=name)
        }

    @property
    def models(self) -> dict[str, ModelConfig]:
        """Models that are, of those that the study runs: not the judge where it is served elsewhere."""
        config = self._config
        used = {config.draft.model, *(agent.model for agent in config.agents.values())}
        used |= set() if config.judge.url else {config.judge.model}
        return {
            name: model
            for name, model in config.models.items()
            if model.source and model.path == MODELS.format(model=name) and name in used
        }

    @property
    def prompts(self) -> bool:
        """Whether the official prompts are extracted."""
        return self._config.prompts == PROMPTS

    @property
    def prompt_files(self) -> list[str]:
        """What the rule ``download_prompts`` writes."""
        return [
            f"{PROMPTS}/{name}.yaml"
            for name in ("draft", "draft_deepeyes", "draft_thyme", "deepeyes", "thyme", "judge")
        ]

    def dataset(self, name: str) -> Repository:
        """What the registry says of a benchmark.

        Raises:
            RegistryError: not registered.
        """
        return find_dataset(Path(self.registries["datasets"]), self.datasets[name])

    def model(self, name: str) -> Repository:
        """What the registry says of a model, at the revision that the study asks for."""
        found = self.models[name]
        return find_model(Path(self.registries["models"]), str(found.source), found.revision)
