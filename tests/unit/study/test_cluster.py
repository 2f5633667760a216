"""What jobs ask a SLURM cluster for, as the SLURM plugin turns it into options of sbatch."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm.utils import set_gres_string
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra
from speceyes.study.cluster import RESOURCES, read_cluster
from speceyes.study.config.errors import ConfigError

PARTITIONS = {"slurm_partition": "cpu", "gpu_partition": "gpu", "mem_mb": 2000}


class Resources(dict):
    """A job's resources as the plugin sees them."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def options(gpus: int, **described: str) -> tuple[str, str]:
    """Partition and GPU options of a job on the described cluster."""
    return submitted(read_cluster(PARTITIONS | described).resources(gpus))


def timed_options(gpus: int, **described: str) -> tuple[str, str]:
    """Those of a job that measures times."""
    return submitted(read_cluster(PARTITIONS | described).timed_resources(gpus))


def submitted(asked: dict[str, int | str]) -> tuple[str, str]:
    """What the plugin makes of a job's resources."""
    assert set(asked) <= set(RESOURCES)
    resources = Resources(asked)
    job = SimpleNamespace(resources=resources)
    validate_slurm_extra(job)
    asked = f"{resources.get('slurm_extra', '')}{set_gres_string(job)}".strip()
    return resources["slurm_partition"], asked


@pytest.mark.parametrize(
    ("described", "asked"),
    [
        ({}, "--gpus={}"),
        ({"gpu_type": "a100"}, "--gpus=a100:{}"),
        ({"gpu_type": "nvidia_a100_80gb"}, "--gpus=nvidia_a100_80gb:{}"),
        ({"gpu_type": "1g.10gb"}, "--gpus=1g.10gb:{}"),
        ({"gpu_type": "a100-sxm4-80gb"}, "--gpus-per-node=a100-sxm4-80gb:{}"),
        ({"gpu_type": "h100-pcie"}, "--gpus-per-node=h100-pcie:{}"),
        ({"gpu_request": "gres"}, "--gres=gpu:{}"),
        ({"gpu_request": "gres", "gpu_type": "a100"}, "--gres=gpu:a100:{}"),
    ],
)
@pytest.mark.parametrize("gpus", [1, 4])
def test_gpus_are_asked_for_in_one_way_that_the_cluster_knows(described, asked, gpus):
    assert options(gpus, **described) == ("gpu", asked.format(gpus))


@pytest.mark.parametrize("described", [{}, {"gpu_type": "a100"}, {"gpu_type": "a-b"}, {"gpu_request": "gres"}])
def test_a_job_without_a_gpu_is_a_cpu_job(described):
    assert options(0, **described) == ("cpu", "")


@pytest.mark.parametrize(
    ("gpus", "described", "asked"),
    [
        (1, {"gpu_type": "a100"}, ("gpu", "--exclusive --gpus=a100:1")),
        (2, {"gpu_type": "a100-sxm4-80gb"}, ("gpu", "--gpus-per-node=a100-sxm4-80gb:2 --exclusive")),
        (1, {"gpu_request": "gres"}, ("gpu", "--exclusive --gres=gpu:1")),
        (0, {}, ("cpu", "--exclusive")),
    ],
)
def test_a_job_that_measures_times_asks_for_its_node_alone_where_the_cluster_is_described_so(gpus, described, asked):
    assert timed_options(gpus, timed_jobs="exclusive", **described) == asked
    assert "--exclusive" not in options(gpus, timed_jobs="exclusive", **described)[1]
    assert timed_options(gpus, timed_jobs="shared", **described) == options(gpus, **described)
    assert timed_options(gpus, **described) == options(gpus, **described)


@pytest.mark.parametrize("written", ["--exclude=gn1", "'--exclude=gn1'", '"--exclude=gn1"'])
def test_options_of_ones_own_stay_beside_those_of_gpus_and_times(written):
    described = {"slurm_extra": written, "gpu_type": "a-b", "timed_jobs": "exclusive"}
    assert options(0, **described) == ("cpu", "--exclude=gn1")
    assert options(1, **described) == ("gpu", "--exclude=gn1 --gpus-per-node=a-b:1")
    assert timed_options(1, **described) == ("gpu", "--exclude=gn1 --gpus-per-node=a-b:1 --exclusive")


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        ({"gpu_request": "tres"}, "gpu_request: Input should be 'gpus' or 'gres'"),
        ({"gpu_type": "a100 80gb"}, "gpu_type: String should match"),
        ({"gpu_type": "a100; rm -rf ~"}, "gpu_type: String should match"),
        ({"timed_jobs": "alone"}, "timed_jobs: Input should be 'shared' or 'exclusive'"),
        ({"gpu_partition": ""}, "gpu_partition: String should have at least 1 character"),
        ({"gpu_request": "gres", "gpu_type": "a-b"}, "gpu_type: the SLURM plugin cannot ask for a-b by gres; "),
    ],
)
def test_a_description_that_cannot_be_used_is_one_line(described, problem):
    with pytest.raises(ConfigError) as caught:
        read_cluster(PARTITIONS | described)
    assert str(caught.value).startswith(f"profile: default-resources: {problem}")


def test_other_machines_are_no_cluster():
    assert read_cluster({"mem_mb": 2000, "slurm_partition": "cpu"}) is None
