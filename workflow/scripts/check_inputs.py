"""Rule check_inputs: whatever else the models will read can be used; every split is indexed by then."""

from pathlib import Path

from speceyes.runtime.atomic import write_whole
from speceyes.runtime.job import job
from speceyes.study.layout import Layout

with job(snakemake.log[0]):
    from speceyes.agents.base import load_agent
    from speceyes.judging.prompts import load_judge_prompts
    from speceyes.prompts import load_prompts

    media = Path(Layout.of(snakemake.params.study).media)
    for prompts in snakemake.input.drafts:
        load_prompts(Path(prompts), ("answer",))
    load_judge_prompts(Path(snakemake.input.judge))
    for agent, prompts in zip(snakemake.params.agents, snakemake.input.agents, strict=True):
        load_agent(agent["type"])(Path(prompts), agent["settings"], media).check_machine()
    write_whole(Path(snakemake.output.checked), "".join(f"{path}\n" for path in snakemake.input))
