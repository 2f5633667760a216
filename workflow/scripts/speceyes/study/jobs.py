"""What the study tells each rule's script: settings, engines, identities of code, models and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from speceyes.agents.base import load_agent, told_settings
from speceyes.engines.registry import class_path
from speceyes.method.confidence import headline
from speceyes.records.passes import Pass, PassStage
from speceyes.runtime.fingerprint import Code, fingerprint
from speceyes.runtime.provenance import identity
from speceyes.study.layout import MODEL_JOBS
from speceyes.study.plan import Plan
from speceyes.study.study import Study
from speceyes.tables.table_settings import OperatingPoint, TableSettings

SCRIPTS = Path(__file__).parents[2]
# What does a stage's work, where that is not the script of its name: of rules that inherit another's, and of what one
# script does in turn, so that an edit of one makes nothing of the others stale.
WORK = {
    "corrected": "agent",
    "corrected_specreason": "specreason",
    "timing": "speceyes/method/timing",
    "live": "speceyes/method/live",
    "load": "speceyes/method/load_job",
}
PAGE = SCRIPTS / "speceyes" / "pages" / "explorer" / "static"

# An edited gate is evaluated by replay and held against the live runs (live_vs_replay: same_source); what it
# decides differently is seen there, and no model runs for it unasked.
WITHOUT: dict[str, tuple[str, ...]] = {"live": ("speceyes.method.gate",)}

Wildcards = Mapping[str, str]


def code(stage: str, *modules: str) -> str:
    """The fingerprint of what does the work of a rule or stage, and the library modules it imports or loads by name.

    Args:
        stage: the rule, after which its script is named, or a key of :data:`WORK`.
        modules: what is loaded by name, as ``package.module`` or ``package.module:Class``.
    """
    named = tuple(module.partition(":")[0] for module in modules)
    return fingerprint(Code(SCRIPTS / f"{WORK.get(stage, stage)}.py", named, WITHOUT.get(stage, ())))


def _worded(prompts: str) -> dict[str, Any]:
    """What a pass whose question has a wording of its own depends on beside the rest of its job."""
    return {"prompts": prompts, "identities": {"prompts": identity(Path(prompts))}}


class Jobs:
    """Parameters of every rule's jobs; those that name a model ask what its folder holds when the job's turn comes."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._plan = Plan(study)

    def model_pass(self, stage: PassStage, wildcards: Wildcards) -> dict[str, Any]:
        """A job of a stage that runs models: :class:`speceyes.method.model_pass.Job`, as plain data."""
        agent = wildcards.get("agent", "")
        settings = self._settings(stage, agent, wildcards.get("variant", ""))
        told = self._models_and_prompts(stage, agent, code(stage, *self._named(stage, agent)))
        return told | {"portions": self._portions(stage, wildcards), "settings": settings}

    def _models_and_prompts(self, stage: PassStage, agent: str, code: str) -> dict[str, Any]:
        """How a stage's models are opened, whose they are, and the identities of what they are asked with."""
        study = self._study
        models = study.models(stage, agent)
        files = {name: model.path for name, model in models.items()}
        files |= study.prompt_files(stage, agent) if agent else {}
        return {
            "engines": {name: model.engine.model_dump(mode="json") for name, model in models.items()},
            "models": {name: model.path for name, model in models.items()},
            "identities": {name: identity(Path(path)) for name, path in files.items()} | {"code": code},
            "agent": study.config.agents[agent].type if agent else "",
        }

    def _portions(self, stage: PassStage, wildcards: Wildcards) -> list[dict[str, Any]]:
        """The passes that a job goes through: what each reads, and its table."""
        study, layout = self._study, self._study.layout
        names = {name: wildcards[name] for name in self._plan.job_names(stage)}
        return [
            {
                "holds": one.model_dump(mode="json", exclude_none=True),
                "samples": layout.samples(one.benchmark, one.split),
                "images": layout.images(one.benchmark, one.split),
                "table": layout.table_of(one, wildcards.get("shard", "")),
            }
            | ({"drawn": asdict(drawn)} if (drawn := study.drawn(stage, one.benchmark)) else {})
            | (self._timed_steps(one) if stage == "timing" else {})
            | (_worded(study.draft_prompts(one.wording)) if one.wording else {})
            for one in self._plan.select(stage, **names)
        ]

    def _timed_steps(self, one: Pass) -> dict[str, Any]:
        """Of screening and drafting the sizes, and the variants of SpecReason, that are timed on a split."""
        variants = self._study.variants(one.agent or "", one.benchmark)
        return {"batches": self._study.batches(one.benchmark), "variants": list(variants)}

    def _named(self, stage: PassStage, agent: str) -> list[str]:
        """What a stage's script loads by name."""
        named = [class_path(model.engine.type) for model in self._study.models(stage, agent).values()]
        named += [self._study.config.agents[agent].type] if agent else []
        if stage == "live":
            named += [metric for metric in self._study.own_metrics if metric in self._study.config.live.metrics]
        return named

    def _settings(self, stage: PassStage, agent: str, variant: str) -> dict[str, Any]:
        study, config = self._study, self._study.config
        own = {"agent": study.agent_settings(agent)} if agent else {}
        draft = {"draft": config.draft.settings.model_dump(mode="json")}
        match stage:
            case "draft":
                return draft
            case "corrected":
                return {"agent": told_settings(load_agent(config.agents[agent].type), own["agent"], protocol=stage)}
            case "specreason" | "corrected_specreason":
                loop = variant or "corrected"
                told = told_settings(load_agent(config.agents[agent].type), own["agent"], protocol=loop)
                return {"agent": told, "specreason": config.specreason.settings.model_dump(mode="json")}
            case "timing":
                return own | draft | {"screening": config.screening.by} | self._timed(agent, own["agent"])
            case "live":
                return own | draft | {"screening": config.screening.by}
            case _:
                return own

    def load(self, agent: str) -> dict[str, Any]:
        """The job that offers load to an agent and the funnel over it, in the same form; nothing where none is offered.

        It writes a table of its own: :func:`speceyes.method.load_job.offer_load`.
        """
        config = self._study.config
        if config.load is None:
            return {}
        metric = headline(config.grid.metrics)
        points = {benchmark: self._study.points(agent, benchmark)[metric] for benchmark in config.benchmarks}
        gates = {
            benchmark: {"metric": metric, "top_k": config.grid.main_top_k, "threshold": threshold}
            for benchmark, threshold in points.items()
        }
        settings = {"load": config.load.model_dump(mode="json"), "gates": gates}
        named = [*self._named("live", agent), *([metric] if ":" in metric else [])]
        told = self._models_and_prompts("live", agent, code("load", *named))
        return told | {"portions": [], "settings": self._settings("live", agent, "") | settings}

    def _timed(self, agent: str, own: dict[str, Any]) -> dict[str, Any]:
        """What is timed beside screening, draft and agent: SpecReason, with an agent for each variant."""
        config = self._study.config
        kind = load_agent(config.agents[agent].type)
        variants = config.specreason.variants if agent in config.specreason.agents else ()
        return {
            "repeats": config.timing.repeats,
            "specreason": config.specreason.settings.model_dump(mode="json"),
        } | {f"agent {variant}": told_settings(kind, own, protocol=variant) for variant in variants}

    def agents(self) -> list[dict[str, Any]]:
        """How each agent is opened, in the configuration's order."""
        agents = self._study.config.agents
        return [{"type": agent.type, "settings": self._study.agent_settings(name)} for name, agent in agents.items()]

    def judge(self) -> dict[str, Any]:
        """The judging job: how the judge is served and asked, and the identities of its model and prompts."""
        study, judge = self._study, self._study.config.judge
        return {
            "url": judge.url,
            "server": judge.server.model_dump(mode="json"),
            "client": judge.client.model_dump(mode="json"),
            "identities": {
                "code": code("judge"),
                "model": identity(Path(study.model(judge.model).path)),
                "prompts": identity(Path(study.prompts("judge"))),
            },
        }

    def table_settings(self) -> dict[str, Any]:
        """What tables depend on beside what they read."""
        study, config = self._study, self._study.config
        points = [
            OperatingPoint(agent=agent, benchmark=benchmark, metric=metric, threshold=threshold)
            for agent in config.agents
            for benchmark in config.benchmarks
            for metric, threshold in study.points(agent, benchmark).items()
        ]
        told = TableSettings(
            comparable=config.comparable,
            metrics=config.grid.metrics,
            top_ks=tuple(study.top_ks),
            main_top_k=config.grid.main_top_k,
            points=tuple(points),
            statistics=config.statistics,
        )
        return told.model_dump(mode="json")

    def check_keys(self, planned: Iterable[tuple[str, str]]) -> None:
        """Refuse jobs that will ask a judge or a served model without the key that the configuration names.

        Args:
            planned: rule and agent (empty where there is none) of every job that will run.

        Raises:
            KeyMissingError: a key is missing; one line.
        """
        study = self._study
        for rule, agent in planned:
            if rule == "judge" and not Path(study.layout.verdicts).exists():
                study.config.judge.client.key()
            if rule in MODEL_JOBS:
                for model in study.models(cast(PassStage, rule), agent).values():
                    model.engine.check_environment()

    def page_sources(self) -> str:
        """What the explorer's own files hold: markup, style and scripts."""
        return identity(PAGE)
