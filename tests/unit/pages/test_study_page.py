from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
from speceyes.pages.html_page import html_page
from speceyes.pages.study_page import (
    agreement,
    faulty_passes,
    findings,
    protocol_differences,
    study_page,
    under_load,
)


def settings(low: float, high: float) -> pd.DataFrame:
    row = {"main_table": True, "method": "speceyes", "metric": "min", "agent": "deepeyes", "benchmark": "vstar"}
    row |= {"split": "direct_attributes", "speedup": 1.5, "level": 0.95, "difference_corrected": (low + high) / 2}
    return pd.DataFrame([row | {"difference_corrected_low": low, "difference_corrected_high": high}])


def faults(**counts: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"stuck": [0, 0, 0], "cut": [0, 0, 0], "smallest_batch": [0, 0, 0]} | counts)


def claims() -> pd.DataFrame:
    stated = {"number": 1, "claim": "On V* it is *faster*, | a_b_.", "place": "abstract", "paper": "1.1 to 3.35 times"}
    found = {"finding": "1 of 1 estimates", "conclusion": "undecided", "samples": 20.0, "samples_needed": 1234.0}
    decided = {"number": 2, "conclusion": "not supported", "samples_needed": np.nan}
    beside = {"number": 3, "samples_needed": np.inf}
    return pd.DataFrame([stated | found, stated | found | decided, stated | found | beside])


def protocols() -> pd.DataFrame:
    row = {"agent": "deepeyes", "errored_published": 3, "errored_corrected": 1}
    return pd.DataFrame(
        [
            row | {"system": "agent", "n": 10, "same": 8, "corrected_difference": 2.5},
            row | {"system": "agent", "n": 12, "same": 12, "corrected_difference": 0.0},
            row | {"system": "specreason", "n": 5, "same": 1, "corrected_difference": -20.0},
        ]
    )


def page(comparable: bool) -> str:
    advice = {"agent": "deepeyes", "benchmark": "vstar", "split": "direct_attributes", "sentence": "Use the agent."}
    recommended = pd.DataFrame([advice | {"metric": "min"}, advice | {"metric": "log", "sentence": "Never shown."}])
    return study_page(
        study="some",
        comparable=comparable,
        claims=claims(),
        level=0.95,
        settings=settings(-0.02, 0.01),
        live=None,
        throughput=None,
        protocols=protocols(),
        faults=faults(),
        main_table="| a |",
        recommended=recommended,
        captions={"acceptance": ("what is accepted", "Look.")},
    )


def test_a_loss_beyond_chance_is_named_with_its_split():
    (sentence,) = findings(settings(-0.2, -0.1))
    assert "better on 0 and worse on 1 (V\\* direct attributes) of 1 splits" in sentence
    assert "is 1.50 times as fast" in sentence


def test_a_difference_that_may_be_chance_is_neither_better_nor_worse():
    (sentence,) = findings(settings(-0.1, 0.1))
    assert "better on 0 and worse on 0 of 1 splits" in sentence


def test_a_study_without_min_is_told_by_its_first_metric():
    found = settings(-0.1, 0.1).assign(metric="mean")
    assert findings(found)[0].startswith("**SpecEyes (mean) with DeepEyes** is 1.50 times")


def test_the_page_says_for_whom_a_threshold_is_and_shows_each_figure():
    text = page(comparable=True)
    assert "**DeepEyes, V\\* direct attributes**: Use the agent." in text
    assert "Never shown" not in text
    assert "### What is accepted\n\n![Look.](figures/acceptance.png)\n\nLook." in text
    assert "not comparable" not in text


def test_the_miniatures_page_says_that_it_is_not_comparable():
    assert "not comparable" in page(comparable=False)


def test_the_gain_under_load_is_told_where_most_questions_are_under_way():
    row = {"agent": "thyme", "arrivals": "closed", "bound": 2.0, "accepted": 0.5, "p50_s": 3.0, "p95_s": 8.0}
    row |= {"gain_low": 1.2, "gain_high": 1.9}
    table = pd.DataFrame(
        [
            row | {"system": "funnel", "level": 64, "answers_per_s": 9.0, "gain": 1.5},
            row | {"system": "funnel", "level": 4, "answers_per_s": 5.0, "gain": 1.7},
            row | {"system": "funnel", "level": 80.5, "answers_per_s": 5.0, "gain": 1.1, "arrivals": "poisson"},
            row | {"system": "agent", "level": 64, "answers_per_s": 6.0, "gain": 1.0},
        ]
    )
    (sentence,) = under_load(table)
    assert "with Thyme** and 64 questions under way" in sentence
    assert "9.00 answers per second, 1.50 times the agent alone [1.20, 1.90]" in sentence


def live(same_source: int, same_answer: int) -> pd.DataFrame:
    row = {"n": 20, "same_source": 20, "same_answer": 20, "speedup_live": 1.4, "speedup_replay": 1.5}
    return pd.DataFrame([row, row | {"same_source": same_source, "same_answer": same_answer, "speedup_live": 1.1}])


def test_live_and_replay_are_said_to_agree_on_as_many_samples_as_were_compared():
    sentence = agreement(live(20, 20))
    assert "2 runs" in sentence
    assert "the same route on 40 of 40 samples, the same answer on 40 of 40" in sentence
    assert "1.10 to 1.40 times as fast as the agent alone; replay says 1.50." in sentence
    assert "removed" not in sentence
    assert "truth" not in sentence


def test_where_live_and_replay_differ_routes_and_answers_are_counted_and_the_way_on_is_named():
    sentence = agreement(live(17, 18))
    assert "the same route on 37 of 40 samples, the same answer on 38 of 40" in sentence
    assert "runs again once `live/` is removed" in sentence


def test_passes_that_went_as_planned_are_not_spoken_of():
    assert faulty_passes(faults()) == []


def test_texts_of_one_repeated_token_are_a_finding():
    (sentence,) = faulty_passes(faults(stuck=[3, 0, 4]))
    assert "7 texts in 2 passes repeat one token" in sentence


def test_batches_that_were_cut_are_a_finding():
    (sentence,) = faulty_passes(faults(cut=[0, 5, 4], smallest_batch=[0, 3, 1]))
    assert "9 samples in 2 passes ran in smaller batches than planned (down to 1)" in sentence


def test_the_first_thing_on_the_page_are_the_papers_claims_with_the_conclusions_on_them():
    text = page(comparable=False)
    assert text.startswith("# some: which of the paper's claims hold?\n\nModels and pictures are the miniature's")
    assert text.index("(abstract: 1.1 to 3.35 times) | **undecided**") < text.index("## What was found")
    assert "**undecided**; about 1,200 samples instead of 20 would decide | 1 of 1 estimates |" in text
    assert "| **not supported** |" in text
    assert "**undecided**; 1,000 times the 20 samples would not decide |" in text


def test_names_and_stars_of_claims_and_splits_are_shown_as_they_are():
    shown = "".join(
        ET.fromstring(html_page("t", page(comparable=True)).split("</head>")[1].split("</html>")[0]).itertext()
    )
    assert "DeepEyes, V* direct attributes: Use the agent." in shown
    assert "On V* it is *faster*, | a_b_." in shown


def test_each_system_that_ran_under_both_protocols_has_its_sentence():
    agent, peer = protocol_differences(protocols())
    assert agent.startswith("**Published and corrected protocol, DeepEyes**: the same outcome on 20 of 22 samples")
    assert "errors in 6 by the published and 2 by the corrected one" in agent
    assert "by 0.0 to +2.5 points on 2 splits" in agent
    assert peer.startswith("**Published and corrected protocol, SpecReason with DeepEyes**: the same outcome on 1 of 5")


def test_a_study_of_one_protocol_says_nothing_of_the_other():
    assert protocol_differences(protocols().iloc[:0]) == []
