"""How a job asks a SLURM cluster for its GPUs, in the resources that Snakemake's SLURM plugin understands."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from speceyes.border import problem
from speceyes.study.config.errors import ConfigError

# The plugin refuses names with other characters, such as hyphens, and says so only when it submits a job.
_NAME_OF_THE_PLUGIN = re.compile(r"[A-Za-z0-9_.]+")
# Resources that depend on a job's number of GPUs, or on whether it measures times.
RESOURCES = ("gpu", "gpu_model", "gres", "slurm_extra", "slurm_partition")


def _evaluated(text: object) -> object:
    """A text without the quotes that it may stand in: Snakemake takes default resources for Python expressions."""
    return text[1:-1] if isinstance(text, str) and re.fullmatch(r"'.*'|\".*\"", text) else text


class Cluster(BaseModel):
    """The cluster as the profile's default resources describe it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slurm_partition: str = Field(min_length=1, description="Partition of jobs without a GPU.")
    gpu_partition: str = Field(min_length=1, description="Partition of jobs with GPUs.")
    gpu_type: str = Field("", pattern=r"^[\w.-]*$", description="The GPU as the cluster names it; empty for any.")
    gpu_request: Literal["gpus", "gres"] = Field("gpus", description="The option that the cluster knows.")
    timed_jobs: Literal["shared", "exclusive"] = Field(
        "shared", description="Whether a job that measures times shares its node with other jobs."
    )
    slurm_extra: Annotated[str, BeforeValidator(_evaluated)] = Field("", description="Further options of every job.")

    @model_validator(mode="after")
    def _the_plugin_can_ask(self) -> Cluster:
        if self.gpu_request == "gres" and self.gpu_type and not _NAME_OF_THE_PLUGIN.fullmatch(self.gpu_type):
            raise ValueError(
                f"gpu_type: the SLURM plugin cannot ask for {self.gpu_type} by gres; leave it empty and choose the "
                "nodes by constraint"
            )
        return self

    def resources(self, gpus: int) -> dict[str, int | str]:
        """The resources of a job with so many GPUs, all on one node; a job without any is a CPU job."""
        return self._asked(gpus)

    def timed_resources(self, gpus: int) -> dict[str, int | str]:
        """Those of a job that measures times: the node to itself, where the description says so."""
        return self._asked(gpus, *(["--exclusive"] if self.timed_jobs == "exclusive" else []))

    def _asked(self, gpus: int, *options: str) -> dict[str, int | str]:
        """Resources with further options of sbatch."""
        found: dict[str, int | str] = {"slurm_partition": self.gpu_partition if gpus else self.slurm_partition}
        found |= self._gpus(gpus) if gpus else {}
        extra = [option for option in (self.slurm_extra, found.get("slurm_extra"), *options) if option]
        return found | ({"slurm_extra": " ".join(map(str, extra))} if extra else {})

    def _gpus(self, gpus: int) -> dict[str, int | str]:
        """The resource that asks for the GPUs alone."""
        wanted = f"{self.gpu_type}:{gpus}" if self.gpu_type else str(gpus)
        if self.gpu_request == "gres":
            return {"gres": f"gpu:{wanted}"}
        if not self.gpu_type:
            return {"gpu": gpus}
        if _NAME_OF_THE_PLUGIN.fullmatch(self.gpu_type):
            return {"gpu": gpus, "gpu_model": self.gpu_type}
        return {"slurm_extra": f"--gpus-per-node={wanted}"}


def read_cluster(default_resources: dict[str, str | int]) -> Cluster | None:
    """The cluster that a profile describes; None where its default resources name no GPU partition.

    Raises:
        ConfigError: a description that cannot be used, in one line.
    """
    if "gpu_partition" not in default_resources:
        return None
    own = {name: default_resources[name] for name in Cluster.model_fields if name in default_resources}
    try:
        return Cluster.model_validate(own)
    except ValidationError as error:
        raise ConfigError(f"profile: default-resources: {problem(error)}") from error
