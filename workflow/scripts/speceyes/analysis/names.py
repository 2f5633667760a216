"""Agents, benchmarks, splits and metrics as a reader calls them; one's own go by their names in the configuration."""

from __future__ import annotations

from speceyes.method.confidence import metric_name

AGENTS = {"deepeyes": "DeepEyes", "thyme": "Thyme"}
BENCHMARKS = {"vstar": "V*", "hrbench": "HR-Bench", "pope": "POPE"}
SPLITS = {"4k": "4K", "8k": "8K"}
METRICS = {"min": "min", "bottom20": "bottom 20 %", "mean": "mean", "log": "log"}


def agent_name(agent: str) -> str:
    """An agent as the paper writes it: ``DeepEyes``."""
    return AGENTS.get(agent, agent)


def benchmark_name(benchmark: str) -> str:
    """A benchmark as its authors write it: ``HR-Bench``."""
    return BENCHMARKS.get(benchmark, benchmark)


def place_name(split: str) -> str:
    """A split within its benchmark: ``direct attributes``."""
    return SPLITS.get(split, split.replace("_", " "))


def split_name(benchmark: str, split: str) -> str:
    """A split with its benchmark: ``V* direct attributes``; the benchmark alone where a row tells of all its splits."""
    return f"{benchmark_name(benchmark)} {place_name(split)}".strip()


def metric_title(metric: str) -> str:
    """A metric in a figure or on a page: ``bottom 20 %``; one's own by its function, in words."""
    return METRICS.get(metric, metric_name(metric).replace("_", " "))
