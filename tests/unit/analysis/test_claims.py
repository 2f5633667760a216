"""The conclusions on the paper's claims."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from claimed_study import ClaimedStudy
from scipy.stats import norm
from speceyes.analysis.claims.conclusions import PlacedEvidence, conclude, holm
from speceyes.analysis.claims.evidence import Evidence
from speceyes.analysis.claims.stated import ClaimError, read_claims
from speceyes.tables.claim_tests import READS, claim_tests
from speceyes.tables.claims import claims_table
from synthetic_tables import CLAIMS

STATED = read_claims(CLAIMS)
TRUE = ClaimedStudy()
# What makes each claim false, beside whatever else it makes false.
FALSE = {
    1: replace(TRUE, screen_s=5.0),
    2: replace(TRUE, apart=0.0, agent_right=1.0),
    3: replace(TRUE, apart=1.0, log_apart=4.0),
    4: replace(TRUE, apart=1.0, mean_apart=4.0),
    5: replace(TRUE, apart=1.0),
    6: replace(TRUE, apart=0.0),
    7: replace(TRUE, shift_by_k=2.0),
    8: replace(TRUE, batch_exponent=0.5),
    9: replace(TRUE, wrong_share=0.0, agent_right=0.8),
    10: replace(TRUE, peer_speedup=1.5),
    11: replace(TRUE, throughput_gain=0.7),
    12: replace(TRUE, seconds_per_call=-0.3),
}


def conclusions(study):
    tested = claim_tests(STATED, study.tables())
    return claims_table(STATED, tested, 0.95).set_index("number")


def test_every_claim_of_the_paper_that_a_study_tests_is_supported_where_it_is_true():
    found = conclusions(TRUE)
    assert list(found.index) == list(range(1, 13))
    assert dict(found["conclusion"]) == dict.fromkeys(FALSE, "supported")
    assert found["samples_needed"].isna().all()


@pytest.mark.parametrize("number", FALSE)
def test_a_study_in_which_a_claim_is_false_says_so(number):
    row = conclusions(FALSE[number]).loc[number]
    assert row["conclusion"] == "not supported", row["finding"]
    assert row["inside"] < row["tests"]


FIELDS = {"settings": "settings", "outcomes": "outcomes", "replay": "batches", "load": "load"}


def test_each_conclusion_is_made_from_the_tables_that_it_names_and_no_other():
    tables, whole = TRUE.tables(), conclusions(TRUE)
    for claim in STATED:
        unnamed = [field for table, field in FIELDS.items() if table not in claim.tables]
        alone = replace(tables, **{field: getattr(tables, field).head(0) for field in unnamed})
        (again,) = claims_table([claim], claim_tests([claim], alone), 0.95).to_dict("records")
        for name in ("finding", "estimate", "low", "high", "samples", "tests", "inside", "p", "tables"):
            assert again[name] == whole.loc[claim.number, name], (claim.number, name)


def test_throughput_that_does_not_rise_with_the_load_refutes_the_claim_though_the_funnel_gains():
    row = conclusions(replace(TRUE, throughput_rise=0.4)).loc[11]
    assert row["conclusion"] == "not supported", row["finding"]
    assert row["quantity"].startswith("answers per second at C = ")


def test_a_run_in_which_all_questions_are_under_way_at_once_has_no_interval_and_decides_nothing():
    tables = TRUE.tables()
    load = tables.load[(tables.load["level"] == 16) & (tables.load["answer_s"] < 6)]
    row = claims_table(STATED, claim_tests(STATED, replace(tables, load=load)), 0.95).set_index("number").loc[11]
    assert (row["conclusion"], row["tests"], row["finding"]) == (
        "undecided", 0, "not measured: no estimate has an interval"
    )  # fmt: skip


def test_a_claim_is_undecided_where_the_study_did_not_run_what_it_is_about():
    """No peer method, one batch size, no load."""
    tables = TRUE.tables()
    settings = tables.settings[tables.settings["method"] == "speceyes"]
    batches = tables.batches[tables.batches["batch_size"] == 1]
    tables = replace(tables, settings=settings, batches=batches, load=tables.load.head(0))
    found = claims_table(STATED, claim_tests(STATED, tables), 0.95).set_index("number")
    assert set(found.loc[[8, 10, 11], "finding"]) == {"not measured in this study"}
    assert set(found.loc[[8, 10, 11], "conclusion"]) == {"undecided"}


def test_a_study_without_the_papers_metric_tests_no_claim_about_it():
    tables = TRUE.tables()
    rows = (tables.settings["metric"] == "mean") | (tables.settings["method"] == "specreason")
    tables = replace(tables, settings=tables.settings[rows], batches=tables.batches.head(0))
    tested = claim_tests(STATED, tables)
    assert set(tested["number"]) == {1, 10, 11, 12}


def evidence(estimate, margin, n=100):
    return Evidence("a", "b", "c", "speedup", estimate, estimate - margin, estimate + margin, n)


def placed(estimate, margin, at_least=1.0, at_most=np.inf, n=100):
    return PlacedEvidence.of(evidence(estimate, margin, n), at_least, at_most, 0.95)


def test_an_undecided_claim_names_the_samples_at_which_the_same_estimate_decides():
    few = conclude({1: {"t": [placed(1.1, 0.3)]}}, 0.95)[1]
    assert few.support == "undecided"
    enough = few.samples_needed
    for n, conclusion in ((enough * 0.98, "undecided"), (enough, "supported")):
        assert conclude({1: {"t": [placed(1.1, 0.3 * np.sqrt(100 / n))]}}, 0.95)[1].support == conclusion


def test_the_samples_that_would_refute_a_claim_are_named_where_an_estimate_points_that_way():
    few = conclude({1: {"t": [placed(0.95, 0.3), placed(2.0, 0.1)]}}, 0.95)[1]
    assert few.support == "undecided"
    tighter = [placed(0.95, 0.3 * np.sqrt(100 / few.samples_needed)), placed(2.0, 0.1)]
    assert conclude({1: {"t": tighter}}, 0.95)[1].support == "not supported"


def test_an_estimate_beside_the_limit_names_no_astronomical_number_of_samples():
    assert conclude({1: {"t": [placed(1.0 + 1e-9, 0.3)]}}, 0.95)[1].samples_needed == np.inf


def test_an_interval_without_width_or_limits_is_no_evidence():
    for one in (placed(2.0, 0.0), placed(np.nan, np.nan), placed(2.0, np.nan)):
        assert conclude({1: {"t": [one]}}, 0.95)[1].support == "undecided"
        assert one.by_itself(0.95) == "undecided"


@pytest.mark.parametrize(("other", "conclusion"), [(2.0, "undecided"), (0.5, "not supported")])
def test_a_claim_of_which_one_test_measured_nothing_may_fail_but_is_not_supported(other, conclusion):
    judged = conclude({1: {"told": [placed(other, 0.1)], "untold": []}}, 0.95)[1]
    assert (judged.support, judged.unmeasured) == (conclusion, ("untold",))
    assert np.isnan(judged.samples_needed)


def test_speed_that_rises_with_the_batch_is_not_yet_speed_that_levels_off():
    tables = TRUE.tables()
    tables = replace(tables, batches=tables.batches[tables.batches["batch_size"].isin([1, 8])])
    row = claims_table(STATED, claim_tests(STATED, tables), 0.95).set_index("number").loc[8]
    assert row["conclusion"] == "undecided"
    assert row["finding"].endswith("; not measured: flattening over batches")


def test_a_claim_with_one_estimate_outside_fails_however_many_lie_inside():
    assert conclude({1: {"t": [placed(0.5, 0.1), *[placed(2.0, 0.1)] * 20]}}, 0.95)[1].support == "not supported"


@pytest.mark.parametrize(("estimate", "inside"), [(0.9, True), (1.2, True), (0.7, False), (1.4, False)])
def test_a_region_has_two_ends(estimate, inside):
    assert (placed(estimate, 0.01, 0.8, 1.25).distance > 0) == inside


def test_holms_correction_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_any_wrong_conclusion_is_as_rare_as_promised_when_every_estimate_stands_on_its_bound():
    generator = np.random.default_rng(0)
    wrong = 0
    for _ in range(600):
        claims = {number: {"t": [placed(1 + generator.normal(), norm.isf(0.025))]} for number in range(12)}
        wrong += any(found.support != "undecided" for found in conclude(claims, 0.95).values())
    assert wrong / 600 < 0.07


CLAIM = {"number": 1, "claim": "c", "place": "p", "paper": "n", "tables": ["settings"]}
CLAIM["tests"] = [{"test": "speedup_of_speceyes", "at_least": 1.1}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": "one"}, "0.number: "),
        ({"conclusion": "supported"}, "0.conclusion: unknown key"),
        ({"tests": [{"test": "speedup_of_speceyes"}]}, "0.tests.0: a test needs at_least, at_most or both"),
        ({"tests": [{"test": "speed", "at_least": 1}]}, "0.tests.0.test: 'speed' is not among "),
        ({"tests": [{"test": "accuracy_kept", "at_least": 1, "at_most": 0}]}, "at_least 1 is not below at_most 0"),
        ({"tests": [{"test": "accuracy_kept", "at_least": float("nan")}]}, "0.tests.0.at_least: "),
        ({"tests": [{"test": "auroc_against", "against": ["lgo"], "at_least": 0}]}, "0.tests.0.against.0: should be"),
        ({"claim": ""}, "0.claim: "),
    ],
)
def test_a_malformed_claim_is_one_line_with_file_and_field(change, message, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([CLAIM | change]))
    with pytest.raises(ClaimError, match=re.escape(message)) as caught:
        read_claims(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "claims", "{number: 1}", "[1", "- {number: 1, number: 1}"])
def test_a_file_without_claims_is_refused_in_one_line(content, tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(content)
    with pytest.raises(ClaimError, match=re.escape(str(path))):
        read_claims(path)


def test_what_a_claim_lists_is_read_by_the_table_of_tests():
    assert {table for claim in STATED for table in claim.tables} <= set(READS)


def test_two_claims_of_one_number_are_refused(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([CLAIM, CLAIM]))
    with pytest.raises(ClaimError, match="each once"):
        read_claims(path)
