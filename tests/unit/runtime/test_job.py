"""A failed job leaves one line on the terminal and the whole story in its log."""

import pytest
from speceyes.runtime.job import job


def said(tmp_path, capsys, error):
    with pytest.raises(SystemExit), job(str(tmp_path / "log")):
        raise error
    return [line for line in capsys.readouterr().err.splitlines() if line]


def test_the_line_names_what_failed_and_the_log(tmp_path, capsys):
    assert said(tmp_path, capsys, ValueError("samples.tsv row 3: answer is empty\nand more")) == [
        "speceyes: ValueError: samples.tsv row 3: answer is empty",
        f"          details: {tmp_path / 'log'}",
    ]
    assert "and more" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("a\x1b[31mred\x07", r"a\x1b[31mred\x07"),
        ("half a character \ud800", r"half a character \ud800"),
        ("right to left \u202e", r"right to left \u202e"),
        ("x" * 200_000, "x" * 1000 + "…"),
        ("", "ValueError"),
    ],
)
def test_the_line_is_short_and_holds_no_control_characters(tmp_path, capsys, message, line):
    assert said(tmp_path, capsys, ValueError(message))[0] == f"speceyes: ValueError: {line}"
