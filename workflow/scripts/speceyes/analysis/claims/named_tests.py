"""The tests by the names that ``config/claims.yaml`` calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from speceyes.analysis.claims import ablations, gates, serving, systems
from speceyes.analysis.claims.evidence import ClaimTables, Evidence

Test = Callable[[ClaimTables, Sequence[str]], Iterator[Evidence]]

TESTS: Mapping[str, Test] = {
    test.__name__: test
    for test in (
        systems.speedup_of_speceyes,
        systems.accuracy_kept,
        systems.speedup_of_specreason,
        systems.seconds_per_tool_call,
        gates.auroc_against,
        gates.aurc_against,
        gates.accuracy_at_equal_speed,
        gates.auroc_of_metric,
        gates.overlap_of_densities,
        gates.accuracy_over_screening_alone,
        gates.accuracy_over_gate_alone,
        ablations.speed_gained_by_threshold,
        ablations.accuracy_halfway_down,
        ablations.accuracy_moved_by_k,
        ablations.speed_moved_by_k,
        ablations.speed_gained_by_batch,
        ablations.flattening_over_batches,
        serving.throughput_gain,
        serving.throughput_rise,
    )
}
