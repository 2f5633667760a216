import re

import pandas as pd
import pytest
from speceyes.tables.typeset import as_latex, as_markdown, write_main_table

ODD = r"R&D_50%#~^\{}$"


def row(system="speceyes", agent="deepeyes", split="4k", **other):
    numbers = {}
    for name, value in {"accuracy_corrected": 0.8123, "accuracy_published": 0.75, "speedup": 1.5}.items():
        numbers |= {name: value, f"{name}_low": value - 0.05, f"{name}_high": value + 0.05}
    metric = "min" if system == "speceyes" else ""
    named = {"system": system, "agent": agent, "metric": metric, "benchmark": "hrbench", "split": split, "n": 20}
    return named | numbers | {"acceptance": float("nan"), "steps": float("nan"), "speedup_over": "deepeyes"} | other


def table(*rows):
    return pd.DataFrame(rows)


def cells(latex, system):
    line = next(line for line in latex.splitlines() if system in line)
    return [cell.strip() for cell in line.removesuffix(r"\\").split(" & ")]


def test_a_row_has_its_split_agent_system_and_every_number_with_its_interval():
    found = cells(as_latex(table(row(), row("agent"))), "SpecEyes (min)")
    assert found[:3] == ["HR-Bench 4K", "DeepEyes", "SpecEyes (min)"]
    assert found[3:] == ["81.2 [76.2, 86.2]", "75.0 [70.0, 80.0]", "1.50 [1.45, 1.55]"]


def test_the_packages_that_it_needs_are_named():
    latex = as_latex(table(row()))
    used = {"longtable": r"\begin{longtable}", "booktabs": r"\toprule"}
    for package, command in used.items():
        assert command in latex
        assert rf"% \usepackage{{{package}}}" in latex


@pytest.mark.parametrize("name", [ODD, "a|b", "<b>", "1.10", "NA"])
@pytest.mark.parametrize("place", ["agent", "split"])
def test_special_characters_of_a_name_are_escaped(name, place):
    latex = as_latex(table(row(**{place: name})))
    body = latex[latex.index(r"\endlastfoot") :]
    escaped = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|[&%$#_{}])", "", body)
    assert not re.search(r"[%$#_~^]", escaped)
    assert len(cells(re.sub(r"\\&", "", latex), "SpecEyes")) == 6


def test_splits_stand_together_in_the_studys_order():
    latex = as_latex(table(row(split="8k"), row(split="4k"), row("agent", split="8k")))
    assert re.findall(r"^HR-Bench (\w+)", latex, flags=re.M) == ["8K", "8K", "4K"]


def test_what_was_not_measured_is_a_dash():
    assert cells(as_latex(table(row(speedup=float("nan")))), "SpecEyes")[5] == "--"


def test_both_forms_say_the_same(tmp_path):
    write_main_table(table(row()), tmp_path / "t.md", tmp_path / "t.tex")
    assert "81.2 [76.2, 86.2]" in (tmp_path / "t.md").read_text()
    assert "81.2 [76.2, 86.2]" in (tmp_path / "t.tex").read_text()


@pytest.mark.parametrize("name", ["01", "1.10", "NA"])
def test_a_name_that_looks_like_a_number_is_printed_as_it_is(name):
    text = as_markdown(table(row("agent", agent=name, split=name)))
    assert f"| {name} |" in re.sub(r" +", " ", text)


def test_names_are_no_markup_of_the_page():
    text = as_markdown(table(row("agent", agent="<b>a|b</b>")))
    assert "<b>" not in text
    assert r"a\|b" in text
