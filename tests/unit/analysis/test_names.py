import pytest
from speceyes.analysis.names import agent_name, split_name


@pytest.mark.parametrize(
    ("benchmark", "split", "name"),
    [
        ("vstar", "direct_attributes", "V* direct attributes"),
        ("hrbench", "8k", "HR-Bench 8K"),
        ("pope", "random", "POPE random"),
        ("screenshots", "NA", "screenshots NA"),
        ("vstar", "", "V*"),
        ("", "", ""),
    ],
)
def test_a_split_is_named_as_its_authors_write_it_and_one_of_your_own_as_in_the_configuration(benchmark, split, name):
    assert split_name(benchmark, split) == name


def test_an_agent_of_your_own_goes_by_its_name_in_the_configuration():
    assert [agent_name(agent) for agent in ("thyme", "my_agent")] == ["Thyme", "my_agent"]
