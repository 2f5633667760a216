"""What the registries say of the study's benchmarks and models."""

import os

from speceyes.downloads.registry import find_dataset, find_model

REGISTRIES = Path(os.path.relpath(WORKFLOW.parent / "config"))
PINS = "config/pins"
DATASETS = {name: found.source for name, found in CONFIG.benchmarks.items() if found.source}
MODELS = {name: found for name, found in CONFIG.models.items() if found.source}
NOTHING = "(?!)"


def dataset(name):
    return find_dataset(REGISTRIES / "datasets.yaml", DATASETS[name])


def registered_model(name):
    return find_model(REGISTRIES / "models.yaml", MODELS[name].source, MODELS[name].revision)
