"""How many GPUs a job holds and how it asks for them; a job is never cut down to what `--resources gpu` leaves it."""

from speceyes.study.cluster import RESOURCES, read_cluster

DEFAULTS = workflow.resource_settings.default_resources or {}
try:
    CLUSTER = read_cluster({name: found.raw for name, found in DEFAULTS.items()})
except ConfigError as error:
    raise WorkflowError(str(error)) from None


def on_gpus(stage):
    """Resources of a job that loads a stage's models."""
    return asking(lambda wildcards: STUDY.gpus(stage, wildcards.get("agent", "")))


def asking(count):
    """Resources of a job with a number of GPUs: `devices` that it holds, and what they are asked for by."""

    def resource(name):
        return lambda wildcards: requested(allowed(count(wildcards))).get(name)

    return {"devices": count} | {name: resource(name) for name in (RESOURCES if CLUSTER else ("gpu",))}


def requested(count):
    """The resources that ask for so many GPUs on the cluster, or here."""
    return CLUSTER.resources(count) if CLUSTER else {"gpu": count}


def allowed(count):
    """The count, if the run's GPUs suffice: Snakemake itself would cut it without a word."""
    limit = workflow.global_resources.get("gpu").value
    if limit is not None and count > limit:
        raise WorkflowError(f"{count} GPUs asked for, but this run has {limit} (--resources gpu={limit})")
    return count


def check_gpus():
    """Work out every job's GPUs now: Snakemake does so when a job's turn comes, which may be days from now."""
    for job in workflow.dag.needrun_jobs():
        job.resources
