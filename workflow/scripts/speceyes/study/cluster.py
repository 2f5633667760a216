"""How a job asks a SLURM cluster for its GPUs, in the resources that Snakemake's SLURM plugin understands."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from speceyes.border import problem
from speceyes.study.config.errors import ConfigError

# The plugin refuses names with other characters, such as hyphens, and says so only when it submits a job.
_NAME_OF_THE_PLUGIN = re.compile(r"[A-Za-z0-9_.]+")
# Resources that depend on a job's number of GPUs.
RESOURCES = ("gpu", "gpu_model", "gres", "slurm_extra", "slurm_partition")


class Cluster(BaseModel):
    """The cluster as the profile's default resources describe it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slurm_partition: str = Field(min_length=1, description="Partition of jobs without a GPU.")
    gpu_partition: str = Field(min_length=1, description="Partition of jobs with GPUs.")
    gpu_type: str = Field("", pattern=r"^[\w.-]*$", description="The GPU as the cluster names it; empty for any.")
    gpu_request: Literal["gpus", "gres"] = Field("gpus", description="The option that the cluster knows.")

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
        if not gpus:
            return {"slurm_partition": self.slurm_partition}
        wanted = f"{self.gpu_type}:{gpus}" if self.gpu_type else str(gpus)
        return {"slurm_partition": self.gpu_partition} | self._request(gpus, wanted)

    def _request(self, gpus: int, wanted: str) -> dict[str, int | str]:
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
