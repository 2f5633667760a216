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


def timed_on_gpus(stage):
    """Resources of a job that loads a stage's models and measures times: on a cluster its node may be its alone."""
    return held(lambda wildcards: STUDY.gpus(stage, wildcards.get("agent", "")), CLUSTER and CLUSTER.timed_resources)


def asking(count):
    """Resources of a job with a number of GPUs."""
    return held(count, CLUSTER and CLUSTER.resources)


def held(count, on_cluster):
    """`devices` that a job holds, and what they are asked for by: on a cluster, or here."""
    request = on_cluster or (lambda gpus: {"gpu": gpus})

    def resource(name):
        return lambda wildcards: request(allowed(count(wildcards))).get(name)

    return {"devices": count} | {name: resource(name) for name in (RESOURCES if CLUSTER else ("gpu",))}


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
