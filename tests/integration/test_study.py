"""The whole workflow on a small study: everything promised is there, and it adds up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from job_times import beside, jobs_that_ran
from PIL import Image
from small_study import BATCHES, SPLITS
from speceyes.analysis.claims.stated import read_claims
from speceyes.analysis.ledger import check_ledger
from speceyes.records.tables import read_provenance, read_table
from speceyes.records.types import AgentRecord, DraftRecord
from speceyes.study.declared import declared
from speceyes.tables.claims import claims_table
from speceyes.tables.csv_files import read_csv
from speceyes.tables.markdown import escaped
from synthetic_tables import CLAIMS

SYSTEMS = {
    ("draft", "", ""),
    *(("agent", agent, "") for agent in ("deepeyes", "thyme")),
    ("specreason", "deepeyes", ""),
    *(("speceyes", agent, m) for agent in ("deepeyes", "thyme") for m in ("log", "mean", "bottom20", "min")),
}
QUESTIONS = {(benchmark, split): count for benchmark, splits in SPLITS.items() for split, count in splits.items()}


def tables(results: Path, stage: str) -> list[Path]:
    return sorted((results / stage).rglob("*.parquet"))


def test_the_main_table_has_every_system_on_every_split_with_its_n(results):
    main = read_csv(results / "tables" / "main_table.csv")
    found = {(row.system, row.agent, row.metric, row.benchmark, row.split): row.n for row in main.itertuples()}
    assert found == {(*system, *split): n for system in SYSTEMS for split, n in QUESTIONS.items()}
    assert main[["accuracy_published", "accuracy_corrected", "speedup"]].notna().all(axis=None)
    peers = main[main["system"] == "specreason"]
    assert peers[["acceptance", "steps"]].notna().all(axis=None)
    for form in ("md", "tex"):
        assert "SpecEyes (bottom20)" in (results / "tables" / f"main_table.{form}").read_text(encoding="utf-8")


def test_every_claim_of_the_paper_has_a_conclusion_that_follows_from_its_estimates(results):
    claims, tested = (read_csv(results / "tables" / f"{name}.csv") for name in ("claims", "claim_tests"))
    assert list(claims["number"]) == list(range(1, 13))
    again = claims_table(read_claims(CLAIMS), tested, 0.95)
    for name in ("conclusion", "finding", "tests", "inside"):
        assert list(again[name]) == list(claims[name]), name
    page = (results / "README.md").read_text(encoding="utf-8")
    assert page.splitlines()[0].endswith("which of the paper's claims hold?")
    for row in claims.itertuples():
        assert f"| {row.number} | {escaped(f'{row.claim} ({row.place}: {row.paper})')} | **{row.conclusion}**" in page
        assert f"| {escaped(row.finding)} |" in page


def test_the_ledger_adds_up_in_every_setting(results):
    ledger = read_csv(results / "tables" / "ledger.csv")
    check_ledger(ledger)
    settings = read_csv(results / "tables" / "settings.csv")
    assert len(ledger) == len(settings) > 500
    assert set(ledger["expected"]) == set(QUESTIONS.values())


def test_the_draft_is_asked_anew_only_where_another_wording_changes_the_question(results):
    """Thyme's funnel words the options otherwise; questions without options are the same, and so are their records."""

    def drafts(wording: str, split: str) -> list[DraftRecord]:
        return list(read_table(results / "draft" / wording / split / "b6" / "1-of-1.parquet", DraftRecord))

    for one, other in zip(drafts("draft", "pope/random"), drafts("thyme", "pope/random"), strict=True):
        assert one.model_dump(exclude={"identity"}) == other.model_dump(exclude={"identity"})
    vstar = "vstar/direct_attributes"
    for one, other in zip(drafts("draft", vstar), drafts("thyme", vstar), strict=True):
        assert one.prompt != other.prompt
        assert one.latency_s != other.latency_s


def test_live_and_replay_agree_on_every_sample_at_every_live_setting(results):
    compared = read_csv(results / "tables" / "live_vs_replay.csv")
    assert set(compared["batch_size"]) == set(BATCHES)
    assert len(compared) == 2 * len(QUESTIONS) * len(BATCHES)
    for same in ("same_tool_free", "same_source", "same_answer"):
        assert (compared[same] == compared["n"]).all(), compared[compared[same] != compared["n"]]
    assert compared["max_confidence_difference"].max() < 1e-6
    assert (compared[["speedup_live", "speedup_replay"]] > 0).all(axis=None)


def test_no_other_job_ran_beside_one_that_measures_times(results):
    ran = jobs_that_ran(results / "logs")
    timed = [one for one in ran if one.log.startswith("timing/")]
    assert {one.log for one in timed} == {f"timing/{agent}.log" for agent in ("deepeyes", "thyme")}
    models = ("draft/", "screen/", "agent/", "corrected/", "specreason/", "judge.log")
    assert all(any(one.log.startswith(stage) for one in ran) for stage in models)
    assert not beside(timed, ran)


def test_agents_really_used_their_tools(results):
    for agent, tool in (("deepeyes", "image_zoom_in_tool"), ("thyme", "code")):
        records = [r for path in tables(results, f"agent/{agent}") for r in read_table(path, AgentRecord)]
        uses = [turn.tool for record in records for turn in record.turns if turn.tool]
        assert uses
        assert {use.name for use in uses} == {tool}
        pictures = [name for use in uses if use.status == "ok" for name in use.images]
        assert pictures
        for name in pictures:
            with Image.open(results / "media" / name) as crop:
                assert min(crop.size) > 1


def test_the_judge_was_asked_what_rules_left_open(results):
    verdicts = pd.read_parquet(results / "judge" / "verdicts.parquet")
    assert {"rule", "judge"} <= set(verdicts["corrected_decided_by"])
    assert not verdicts.duplicated(["benchmark", "question", "gold", "gold_letter", "answer"], keep=False).all()
    log = (results / "logs" / "judge.server.log").read_text(encoding="utf-8", errors="replace")
    assert "/v1/chat/completions" in log


def test_draft_answers_keep_their_log_probabilities(results):
    for path in tables(results, "draft"):
        for record in read_table(path, DraftRecord):
            assert len(record.top_logprobs) == len(record.tokens) > 1
            assert {len(row) for row in record.top_logprobs} == {128}


def test_every_pass_says_where_it_comes_from(results):
    stages = ("draft", "screen", "agent", "corrected", "live", "specreason", "corrected_specreason")
    for path in (path for stage in stages for path in tables(results, stage)):
        stamp = read_provenance(path)
        assert {"settings", "inputs", "packages", "device", "git", "written"} <= set(stamp)
        assert {"torch", "transformers"} <= set(stamp["packages"])
    table = pd.read_csv(results / "tables" / "provenance.csv")
    assert {*stages, "judge"} == set(table["table"].str.split("/").str[0])


def test_what_the_protocols_differ_by_is_measured_for_agents_and_the_peer(results):
    table = pd.read_csv(results / "tables" / "protocol_effects.csv")
    assert set(zip(table["system"], table["agent"], strict=True)) == {
        ("agent", "deepeyes"), ("agent", "thyme"), ("specreason", "deepeyes"),
    }  # fmt: skip
    assert (table["n"] > 0).all()
    sampled = read_csv(results / "tables" / "pass_faults.csv").set_index("stage")["n"]
    assert table.groupby("system")["n"].sum().to_dict() == {
        "agent": sampled["corrected"].sum(), "specreason": sampled["corrected_specreason"].sum(),
    }  # fmt: skip
    assert sampled["corrected_specreason"].sum() < sampled["specreason"].sum()


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_every_figure_is_drawn(results, form):
    figures = sorted((results / "figures").glob(f"*.{form}"))
    assert {path.stem for path in figures} == set(declared("figures"))
    if form == "png":
        for path in figures:
            with Image.open(path) as picture:
                assert min(picture.size) > 300
                assert len(set(picture.convert("L").resize((64, 64)).tobytes())) > 8, f"{path} is blank"


def test_the_page_names_its_findings(results):
    page = (results / "README.md").read_text(encoding="utf-8")
    assert "SpecEyes (min) with DeepEyes" in page
    assert "SpecEyes (min) with Thyme" in page
    assert "not comparable" in page
    for link in ("tables/", "explorer.html", "report.html"):
        assert f"]({link}" in page
