import pytest
from asked_models import FAMILIES, settings
from speceyes.engines.transformers_engine import TransformersEngine


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.getfixturevalue(request.param), FAMILIES[request.param]


@pytest.fixture(scope="module")
def engine(family):
    folder, factor = family
    return TransformersEngine(folder, settings(factor))
