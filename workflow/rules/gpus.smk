"""How many GPUs a job holds; a job is never cut down to what `--resources gpu` leaves it."""


def gpus(stage):
    """GPUs of a job that loads a stage's models."""
    return lambda wildcards: allowed(STUDY.gpus(stage, wildcards.get("agent", "")))


def allowed(count):
    """The count, if the run's GPUs suffice: Snakemake itself would cut it without a word."""
    limit = workflow.global_resources.get("gpu").value
    if limit is not None and count > limit:
        raise WorkflowError(f"{count} GPUs asked for, but this run has {limit} (--resources gpu={limit})")
    return count


onstart:
    # Snakemake works a job's resources out when its turn comes, which may be days from now.
    for job in workflow.dag.needrun_jobs():
        job.resources
