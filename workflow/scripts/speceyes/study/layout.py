"""Where everything of one study lies: the only place that knows a path of ``results/<study>/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from speceyes.records.passes import Pass, PassStage

# One table per pass and, where a stage is cut into shards, shard.
PASSES: Mapping[str, str] = {
    "draft": "draft/{wording}/{benchmark}/{split}/b{batch}/{shard}",
    "screen": "screen/{agent}/{benchmark}/{split}/b{batch}/{shard}",
    "agent": "agent/{agent}/{benchmark}/{split}/{shard}",
    "corrected": "corrected/{agent}/{benchmark}/{split}",
    "specreason": "specreason/{agent}/{variant}/{benchmark}/{split}/{shard}",
    "corrected_specreason": "corrected_specreason/{agent}/{benchmark}/{split}",
    "timing": "timing/{agent}/{benchmark}/{split}",
    "live": "live/{agent}/{benchmark}/{split}/{metric}-b{batch}",
    "confidence": "confidence/{wording}/{benchmark}/{split}/b{batch}",
    "replay": "replay/{agent}/{benchmark}/{split}",
}
INDEX = "index/{benchmark}/{split}"
# A job that runs models goes through all passes of its stage that it has these names in common with.
MODEL_JOBS: Mapping[str, str] = {
    "draft": "draft/{shard}",
    "screen": "screen/{agent}/{shard}",
    "agent": "agent/{agent}/{shard}",
    "corrected": "corrected/{agent}",
    "specreason": "specreason/{agent}/{variant}/{shard}",
    "corrected_specreason": "corrected_specreason/{agent}",
    "timing": "timing/{agent}",
}
# Whose jobs go through a stage's passes as well, where the stage has none of its own.
WITHIN: Mapping[str, str] = {"live": "timing"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of a study as Snakemake takes them, text with forward slashes; in braces what Snakemake fills in.

    Args:
        results: the study's folder.
    """

    results: str

    @classmethod
    def of(cls, study: str) -> Layout:
        """The layout of a study by its name."""
        return cls(f"results/{study}")

    def passes(self, stage: PassStage) -> str:
        """The table of any pass of a stage, with wildcards."""
        return f"{self.results}/{PASSES[stage]}.parquet"

    def table_of(self, one: Pass, shard: str = "") -> str:
        """The table of one pass; of a stage that is cut, the table of one shard."""
        return self.passes(one.stage).format(**one.names, shard=shard)

    def log(self, rule: str) -> str:
        """A rule's log, named after its job, its pass or the rule (with its wildcards)."""
        return f"{self.results}/logs/{_named(rule)}.log"

    def times(self, rule: str) -> str:
        """Where Snakemake notes a job's run time and memory; named as its log is."""
        return f"{self.results}/benchmarks/{_named(rule)}.tsv"

    def samples(self, benchmark: str = "{benchmark}", split: str = "{split}") -> str:
        """The samples of one split."""
        return f"{self.results}/{INDEX}/samples.parquet".format(benchmark=benchmark, split=split)

    def images(self, benchmark: str = "{benchmark}", split: str = "{split}") -> str:
        """The folder of their pictures."""
        return f"{self.results}/{INDEX}/images".format(benchmark=benchmark, split=split)

    @property
    def checked(self) -> str:
        """Written once every split is indexed and all prompts can be used; no model runs before."""
        return f"{self.results}/index/checked.txt"

    @property
    def journals(self) -> str:
        """The folder of what jobs have done, until the study's page is written."""
        return f"{self.results}/journals"

    @property
    def media(self) -> str:
        """The folder of the pictures that agents made."""
        return f"{self.results}/media"

    def load(self, agent: str = "{agent}") -> str:
        """The questions that an agent and the funnel over it answered under load."""
        return f"{self.results}/load/{agent}.parquet"

    @property
    def verdicts(self) -> str:
        """What both scorers say of every distinct answer."""
        return f"{self.results}/judge/verdicts.parquet"

    @property
    def judge_cache(self) -> str:
        """The folder of the judge's replies."""
        return f"{self.results}/judge/cache"

    @property
    def answers(self) -> str:
        """Every answer that exists, scored."""
        return f"{self.results}/tables/answers.parquet"

    @property
    def outcomes(self) -> str:
        """What happened to every sample."""
        return f"{self.results}/tables/outcomes.parquet"

    def table(self, name: str = "{table}", form: str = "csv") -> str:
        """A table for people."""
        return f"{self.results}/tables/{name}.{form}"

    @property
    def dictionary(self) -> str:
        """What every column of every table means."""
        return f"{self.results}/tables/README.md"

    @property
    def data_package(self) -> str:
        """The same for programs."""
        return f"{self.results}/tables/datapackage.json"

    def figure(self, name: str = "{figure}", form: str = "png") -> str:
        """A figure."""
        return f"{self.results}/figures/{name}.{form}"

    @property
    def page(self) -> str:
        """The study on one page."""
        return f"{self.results}/README.md"

    @property
    def html_page(self) -> str:
        """The same for a browser."""
        return f"{self.results}/index.html"

    @property
    def config(self) -> str:
        """The configuration as resolved."""
        return f"{self.results}/config.yaml"

    def explorer(self, benchmark: str = "") -> str:
        """The explorer, or its page of one benchmark."""
        return f"{self.results}/explorer{f'-{benchmark}' if benchmark else ''}.html"


def _named(rule: str) -> str:
    return next((names[rule] for names in (MODEL_JOBS, PASSES) if rule in names), rule)
