"""Records: journals that survive a kill at any byte, tables that say what they are."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from full_disk import files_end_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import sample
from speceyes.records.journal import Journal
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.types import AgentRecord, DraftRecord, Record, RecordError, ScreenRecord, ToolUse, Turn


def screened(number: int, text: str = "no") -> ScreenRecord:
    return ScreenRecord(sample_id=sample(number).sample_id, text=text, tool_free=text == "no")


def ids(*numbers: int) -> set[str]:
    return {sample(number).sample_id for number in numbers}


def write(path, records, fingerprint="f"):
    with Journal(path, ScreenRecord, fingerprint) as journal:
        for record in records:
            journal.append(record)


def read(path, fingerprint="f"):
    with Journal(path, ScreenRecord, fingerprint) as journal:
        return dict(journal.done)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "journal.jsonl"


def test_what_was_appended_is_there_again(path):
    records = [screened(1), screened(2, "yes\nno"), screened(3, 'a "quote", naïve ☂ \u2028')]
    write(path, records)
    assert list(read(path).values()) == records


def test_a_record_is_in_the_file_before_the_journal_is_closed(path):
    journal = Journal(path, ScreenRecord, "f")
    journal.append(screened(1))
    assert path.read_text().count("\n") == 2
    journal.__exit__()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.data())
def test_a_journal_cut_at_any_byte_keeps_every_whole_record(path, data):
    path.unlink(missing_ok=True)
    records = [screened(number, "né ☂") for number in range(4)]
    write(path, records)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = max(0, content[:cut].count(b"\n") - 1)
    assert list(read(path).values()) == records[:whole]
    write(path, records[whole:])
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "header",
    ['{"format": 99, "record": "ScreenRecord", "fingerprint": "f"}', "[]", '{"format": 1}'],
)
def test_a_journal_of_something_else_is_not_continued(path, header):
    path.parent.mkdir()
    path.write_text(f"{header}\n")
    with pytest.raises(RecordError, match=r"journal\.jsonl:1: written by another version or setting"):
        Journal(path, ScreenRecord, "f")
    assert path.read_text() == f"{header}\n"


@pytest.mark.parametrize("kind, fingerprint", [(ScreenRecord, "other"), (DraftRecord, "f")])
def test_nor_is_one_of_another_setting_or_record(path, kind, fingerprint):
    write(path, [screened(1)])
    with pytest.raises(RecordError, match="another version or setting"):
        Journal(path, kind, fingerprint)


GARBAGE = [
    "{}",
    "null",
    "torn{",
    "\x00" * 40,
    "",
    '{"sample_id": "a", "text": "no", "tool_free": 2}',
    '{"sample_id": "a", "text": "no", "tool_free": true}{"sample_id": "b"}',
]


@pytest.mark.parametrize("line", GARBAGE)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_garbage_line_is_named_and_set_aside_and_the_good_ones_are_kept(path, capsys, line, place):
    write(path, [screened(1), screened(2)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:place], line, *lines[place:]]) + "\n")

    assert read(path) == {record.sample_id: record for record in (screened(1), screened(2))}

    said = [words for words in capsys.readouterr().err.splitlines() if words]
    assert len(said) == 1
    assert said[0].startswith(f"speceyes: {path}:{place + 1}: ")
    assert path.with_suffix(".unreadable").read_text() == f"{line}\n"


@pytest.mark.parametrize("header", ["not JSON", "\x00\x00", "", "[" * 200_000, "9" * 5000])
def test_a_garbage_header_is_set_aside_too(path, header):
    write(path, [screened(1), screened(2)])
    path.write_text("\n".join([header, *path.read_text().splitlines()[1:]]) + "\n")
    write(path, [screened(3)])
    assert read(path).keys() == ids(1, 2, 3)
    assert path.with_suffix(".unreadable").read_text() == f"{header}\n"


def test_a_key_with_escape_codes_is_named_short_and_escaped(path, capsys):
    write(path, [screened(1)])
    record = json.loads(path.read_text().splitlines()[1])
    with path.open("a") as handle:
        handle.write(json.dumps(record | {"\x1b[31m" + "k" * 5000: 1}) + "\n")
    assert read(path).keys() == ids(1)
    [said] = filter(None, capsys.readouterr().err.splitlines())
    assert said.isprintable()
    assert len(said) < len(str(path)) + 200


def test_lines_that_are_not_text_are_set_aside(path):
    write(path, [screened(1)])
    with path.open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    write(path, [screened(2)])
    assert read(path).keys() == ids(1, 2)


def test_a_second_writer_waits_for_the_first_and_sees_what_it_wrote(path, capsys):
    with ThreadPoolExecutor() as pool, Journal(path, ScreenRecord, "f") as first:
        first.append(screened(1))
        second = pool.submit(Journal, path, ScreenRecord, "f")
        while "another process is at this work" not in capsys.readouterr().err:
            assert not second.done()
        first.append(screened(2))
        first.__exit__()
        with second.result(60) as journal:
            assert journal.done.keys() == ids(1, 2)


def test_a_second_writer_starts_anew_where_the_first_has_removed_the_journal(path, capsys):
    with ThreadPoolExecutor() as pool, Journal(path, ScreenRecord, "f") as first:
        first.append(screened(1))
        second = pool.submit(Journal, path, ScreenRecord, "f")
        while "another process is at this work" not in capsys.readouterr().err:
            assert not second.done()
        path.unlink()
        first.__exit__()
        with second.result(60) as journal:
            journal.append(screened(3))
    assert read(path).keys() == ids(3)


def test_a_record_that_the_disk_does_not_take_ends_in_one_line_and_loses_no_other(path):
    write(path, [screened(1)])
    with files_end_at(path.stat().st_size + 20), pytest.raises(RecordError) as caught:
        write(path, [screened(2)])
    assert str(caught.value) == f"{path}: File too large"
    write(path, [screened(3)])
    assert read(path).keys() == ids(1, 3)


def test_a_header_that_the_disk_does_not_take_ends_in_one_line(path):
    with files_end_at(10), pytest.raises(RecordError, match=r"journal\.jsonl: File too large"):
        write(path, [screened(1)])
    write(path, [screened(1)])
    assert read(path).keys() == ids(1)


def test_a_table_that_the_disk_does_not_take_ends_in_one_line(tmp_path):
    with files_end_at(500), pytest.raises(RecordError) as caught:
        write_table(tmp_path / "t.parquet", AgentRecord, [EPISODE] * 600, {})
    assert str(caught.value).startswith(f"{tmp_path / 't.parquet'}: ")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "t.parquet").exists()


EPISODE = AgentRecord(
    sample_id="a",
    status="no_answer",
    latency_s=1.5,
    generated_tokens=3,
    answer="Hm.",
    turns=(
        Turn(text="<tool_call>", generated_tokens=2, latency_s=1.0, tool=ToolUse(name="zoom", status="box_outside")),
        Turn(
            text="Hm. ☂",
            author="draft",
            generated_tokens=1,
            latency_s=0.5,
            score=7,
            tool=ToolUse(name="zoom", status="ok", box=(1, 2, 3, 4), images=("a.jpg", "b.jpg"), latency_s=0.1),
        ),
    ),
    tool_calls=2,
)


def test_a_table_gives_back_its_records_and_its_provenance(tmp_path):
    path = tmp_path / "table.parquet"
    write_table(path, AgentRecord, [EPISODE] * 600, {"settings": {"a": 1}})
    assert list(read_table(path, AgentRecord)) == [EPISODE] * 600
    assert read_provenance(path) == {"settings": {"a": 1}, "format": 1, "record": "AgentRecord"}
    assert [found.name for found in tmp_path.iterdir()] == ["table.parquet"]


def test_an_empty_table_is_a_table(tmp_path):
    write_table(tmp_path / "t.parquet", AgentRecord, [], {})
    assert list(read_table(tmp_path / "t.parquet", AgentRecord)) == []


def test_a_table_of_another_record_is_refused(tmp_path):
    write_table(tmp_path / "t.parquet", AgentRecord, [EPISODE], {})
    with pytest.raises(RecordError, match=r"t\.parquet: holds AgentRecord format 1, not ScreenRecord"):
        list(read_table(tmp_path / "t.parquet", ScreenRecord))


def test_a_table_that_could_not_be_finished_is_not_there(tmp_path):
    def records():
        yield EPISODE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(tmp_path / "t.parquet", AgentRecord, records(), {})
    assert not (tmp_path / "t.parquet").exists()


def test_records_do_not_take_unknown_fields():
    with pytest.raises(ValueError, match="latncy"):
        Record(sample_id="a", latncy=1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("half \ud800", "half \ufffd"),
        ("\udc00\udc00", "\ufffd\ufffd"),
        ("two halves of one: \ud83d\ude00", "two halves of one: \U0001f600"),
        ("\U0001f600 as it is", "\U0001f600 as it is"),
    ],
)
def test_half_a_character_in_what_a_model_or_tool_wrote_is_marked_and_kept(tmp_path, text, kept):
    tool = ToolUse(name=text, arguments=text, status="failed", detail=text, output=text)
    turn = Turn(text=text, generated_tokens=1, latency_s=0.0, tool=tool)
    agent = AgentRecord(sample_id="a", answer=text, error=text, turns=(turn,), tool_calls=1)
    draft = DraftRecord(sample_id="a", text=text, tokens=(text,), top_logprobs=())
    path = tmp_path / "table.parquet"
    for record in (agent, draft):
        with Journal(tmp_path / f"{type(record).__name__}.jsonl", type(record), "f") as journal:
            journal.append(record)
        write_table(path, type(record), [record], {})
        assert list(read_table(path, type(record))) == [record]
    assert {agent.answer, agent.error, draft.text, draft.tokens[0], agent.turns[0].text} == {kept}
    assert {getattr(agent.turns[0].tool, field) for field in ("name", "arguments", "detail", "output")} == {kept}
