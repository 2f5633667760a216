"""A study in three sentences."""

from __future__ import annotations

import pandas as pd
from speceyes.pages.summary import summary

SETTINGS = pd.DataFrame(
    {
        "main_table": [True, True, True, False],
        "method": ["speceyes", "speceyes", "agent", "speceyes"],
        "metric": ["min", "min", "", "min"],
        "speedup": [1.25, 0.9, 1.0, 7.0],
        "difference_corrected": [0.02, -0.1, 0.0, 0.9],
        "difference_corrected_low": [0.01, -0.2, 0.0, 0.8],
        "difference_corrected_high": [0.03, -0.01, 0.0, 1.0],
    }
)
CLAIMS = pd.DataFrame({"conclusion": ["supported", "undecided", "undecided"]})
LIVE = pd.DataFrame({"n": [20, 30], "same_source": [20, 29], "same_answer": [19, 30]})


def test_only_the_main_settings_of_speceyes_count():
    text = summary(SETTINGS, CLAIMS, None)
    assert "0.90 to 1.25 times as fast" in text
    assert "-10.0 to +2.0 points" in text
    assert "better in 1 and worse in 1 of 2 pairs" in text


def test_live_runs_add_a_sentence_with_the_samples_that_agree():
    assert summary(SETTINGS, CLAIMS, LIVE).endswith("Replayed and live runs give the same answer for 48 of 50 samples.")


def test_verdicts_on_the_papers_claims_are_counted():
    text = summary(SETTINGS, CLAIMS, None)
    assert text.endswith("Of the paper's 3 claims: 1 supported, 0 not supported, 2 undecided.")
