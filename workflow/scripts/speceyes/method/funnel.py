"""The live funnel: screen, draft, gate, fall back, over batches, timed end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speceyes.images import Pictures
from speceyes.method.confidence import Metric, confidence
from speceyes.method.gate import accepts
from speceyes.method.phases import Phases
from speceyes.records.samples import Sample
from speceyes.records.types import AgentRecord, DraftRecord, LiveRecord, ScreenRecord


@dataclass(frozen=True, slots=True)
class Gate:
    """One setting of phase III."""

    metric: Metric
    top_k: int
    threshold: float

    def confidence(self, draft: DraftRecord) -> float:
        """Confidence of a draft answer under this gate's metric and K, from the float32 that tables store."""
        return confidence(np.array(draft.top_logprobs, dtype=np.float32), self.metric, self.top_k, draft.token_ids)


@dataclass(frozen=True, slots=True)
class Funnel:
    """The four phases on a split's pictures."""

    phases: Phases
    gate: Gate
    pictures: Pictures

    def warm_up(self, sample: Sample) -> None:
        """One untimed answer from every model: first calls compile, allocate and page in."""
        self.phases.screen([sample], self.pictures)
        self.phases.draft([sample], self.pictures)
        self.phases.fall_back(sample, self.pictures)

    def run(self, samples: Sequence[Sample]) -> list[LiveRecord]:
        """One batch through all phases; latencies of batched phases are shares of the batch's time."""
        screens = self.phases.screen(samples, self.pictures)
        tool_free = [sample for sample, screen in zip(samples, screens, strict=True) if screen.tool_free]
        drafts = {draft.sample_id: draft for draft in self.phases.draft(tool_free, self.pictures)}
        return [
            self._finish(sample, screen, drafts.get(sample.sample_id))
            for sample, screen in zip(samples, screens, strict=True)
        ]

    def _finish(self, sample: Sample, screen: ScreenRecord, draft: DraftRecord | None) -> LiveRecord:
        """Phases III and IV for one sample."""
        score = self.gate.confidence(draft) if draft else 0.0
        if draft is not None and accepts(score, self.gate.threshold):
            return _record(sample, screen, draft, score, None)
        return _record(sample, screen, draft, score, self.phases.fall_back(sample, self.pictures))


def _record(
    sample: Sample, screen: ScreenRecord, draft: DraftRecord | None, score: float, fallback: AgentRecord | None
) -> LiveRecord:
    kept = fallback or draft
    assert kept is not None  # a sample that is not accepted has a fallback
    draft_s = draft.latency_s if draft else 0.0
    agent_s = fallback.latency_s if fallback else 0.0
    parts = [part for part in (screen, draft, fallback) if part]
    return LiveRecord(
        sample_id=sample.sample_id,
        status=kept.status,
        error=kept.error,
        latency_s=screen.latency_s + draft_s + agent_s,
        generated_tokens=sum(part.generated_tokens for part in parts),
        stuck_generations=sum(part.stuck_generations for part in parts),
        tool_free=screen.tool_free,
        accepted=fallback is None,
        confidence=score,
        source="draft" if fallback is None else "agent",
        answer=kept.text if isinstance(kept, DraftRecord) else kept.answer,
        screen_s=screen.latency_s,
        draft_s=draft_s,
        agent_s=agent_s,
        tool_calls=fallback.tool_calls if fallback else 0,
    )
