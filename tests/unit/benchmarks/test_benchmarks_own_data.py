"""Data of one's own: every format, every way to write options, answers and pictures, and rows that are wrong."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from official_forms import picture
from own_rows import own_rows, write_json_lines
from pydantic import ValidationError
from speceyes.benchmarks.base import BenchmarkError
from speceyes.benchmarks.index import build_index
from speceyes.benchmarks.own_data import OwnData
from speceyes.records.samples import Sample, read_samples

MAPPED = {"options": "options", "category": "category"}
COLUMNS = {"options": ["A", "B", "C"]}


def indexed(folder: Path, **settings: Any) -> list[Sample]:
    reader = OwnData(folder, settings)
    build_index(reader, "mine", "test", folder / "samples.parquet", folder / "stored")
    return read_samples(folder / "samples.parquet")


def complaint(folder: Path, **settings: Any) -> str:
    with pytest.raises(BenchmarkError) as caught:
        indexed(folder, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def choice(**changes: Any) -> dict[str, Any]:
    """A row with its options in three columns."""
    return {"question": "Which?", "A": "red", "B": "blue", "C": "green", "answer": "B", "image": "a.jpg"} | changes


def write_delimited(path: Path, rows: list[dict[str, Any]], delimiter: str) -> None:
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def test_json_lines_become_samples_under_the_benchmarks_key(tmp_path):
    rows = own_rows(tmp_path)
    write_json_lines(tmp_path / "test.jsonl", rows)
    samples = indexed(tmp_path, **MAPPED)
    assert [sample.sample_id for sample in samples] == [f"mine/test/{number:04d}" for number in range(5)]
    assert [list(sample.options) for sample in samples] == [row["options"] for row in rows]
    assert [sample.gold_letter for sample in samples] == [row["answer"] for row in rows]
    assert {sample.category for sample in samples} == {"color"}
    assert len({sample.image_id for sample in samples}) == 5


def spoilt(rows: list[Any], **changes: Any) -> list[Any]:
    """The rows, the third of them with other fields; ``...`` leaves a field out."""
    changed = {key: value for key, value in (rows[2] | changes).items() if value is not ...}
    return [*rows[:2], changed, *rows[3:]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": ...}, "question is missing, found options, answer, image, category"),
        ({"question": "  "}, "question is empty"),
        ({"question": ["Which?"]}, "question is a list, not text"),
        ({"question": "half \ud800"}, "question holds half a character"),
        ({"options": None}, "options is empty"),
        ({"options": "red, blue"}, "options is text, not a list: 'red, blue'; set separator, if it has one"),
        ({"options": "['red', 'blue']"}, "options: not JSON: "),
        ({"options": '["red", NaN]'}, "options: not JSON: NaN is no number"),
        ({"options": '["red"]'}, "options holds 1 options, expected 2 to 8"),
        ({"options": " "}, "options is empty"),
        ({"options": {"A": "red", "B": "blue"}}, "options is of type dict, not a list: {'A': 'red', 'B': 'blue'}"),
        ({"options": ["red"]}, "options holds 1 options, expected 2 to 8"),
        ({"options": [str(number) for number in range(9)]}, "options holds 9 options, expected 2 to 8"),
        ({"options": ["red", ""]}, "options[1] is empty"),
        ({"options": ["red", 7]}, "options[1] is a number, not text: 7"),
        ({"options": ["red", "blue", " red"], "answer": "B"}, "options A and C are both ' red'"),
        ({"answer": ...}, "answer is missing, found question, options, image, category"),
        ({"answer": None}, "answer is empty"),
        ({"answer": "E"}, "answer is 'E', expected one of A, B, C, D or the text of an option"),
        ({"answer": 2}, "answer is a number, not text: 2"),
        ({"options": ["B", "A"], "answer": "A"}, "answer 'A' is one option's letter and another's text"),
        ({"image": ...}, "image is missing, found "),
        ({"image": None}, "image is empty"),
        ({"image": 7}, "image is a number, not text: 7"),
        ({"image": "pictures/9.jpg"}, "image 'pictures/9.jpg': No such file or directory"),
        ({"image": "pictures"}, "image 'pictures': a folder, not a file"),
        ({"image": "pictures\0"}, r"image 'pictures\x00': embedded null byte"),
        ({"image": "../secret.jpg"}, "image '../secret.jpg' lies outside of "),
        ({"image": "pictures/../../secret.jpg"}, "image 'pictures/../../secret.jpg' lies outside of "),
        ({"image": "/etc/passwd"}, "image '/etc/passwd' lies outside of "),
        ({"image": "https://pictures.example/1.jpg"}, "image 'https://pictures.example/1.jpg' is an address"),
        ({"image": "test.jsonl"}, "image cannot be decoded"),
        ({"category": 0.5}, "category is a number, not text: 0.5"),
        ({"category": ...}, "category is missing, found "),
        ({"category": None}, "category is empty"),
    ],
)
def test_a_bad_row_is_named_with_its_file_and_field(tmp_path, changes, message):
    path = write_json_lines(tmp_path / "test.jsonl", spoilt(own_rows(tmp_path), **changes))
    assert complaint(tmp_path, **MAPPED).startswith(f"{path} row 3: {message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{'question': 1}", "not JSON: "),
        (b'{"question": "a", "question": "b"}', "the key 'question' stands twice"),
        (b'["a", "b"]', "a list, no JSON object"),
        (b"7", "a number, no JSON object: 7"),
        (b'{"question": "caf\xe9"}', "'utf-8' codec can't decode"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"question": NaN}', "not JSON: NaN is no number"),
    ],
)
def test_a_line_that_is_no_json_object_is_named(tmp_path, line, message):
    path = write_json_lines(tmp_path / "test.jsonl", own_rows(tmp_path))
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], line, *lines[3:]]))
    assert complaint(tmp_path, **MAPPED).startswith(f"{path} row 3: {message}")


def test_blank_lines_and_a_byte_order_mark_are_skipped(tmp_path):
    path = write_json_lines(tmp_path / "test.jsonl", own_rows(tmp_path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert len(indexed(tmp_path, **MAPPED)) == 5


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_delimited_text_with_a_column_for_each_option(tmp_path, suffix, delimiter):
    (tmp_path / "a.jpg").write_bytes(picture())
    rows = [choice(question='A "quoted", broken\nquestion'), choice(C="", answer="red")]
    write_delimited(tmp_path / f"test.{suffix}", rows, delimiter)
    first, second = indexed(tmp_path, **COLUMNS)
    assert first.question == 'A "quoted", broken\nquestion'
    assert (first.options, first.gold) == (("red", "blue", "green"), "blue")
    assert (second.options, second.gold_letter) == (("red", "blue"), "A")
    write_delimited(tmp_path / f"test.{suffix}", [rows[0], choice(B="")], delimiter)
    assert complaint(tmp_path, **COLUMNS).startswith(f"{tmp_path}/test.{suffix} row 2: B is empty")
    assert f"test.{suffix}: columns options, hue are missing, found question, A, B, C, answer, image" in complaint(
        tmp_path, options="options", category="hue"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"Caf\xe9?,red,blue,,A,a.jpg", "question holds half a character, or is not in UTF-8"),
        (b'"Which?,red,blue,,A,a.jpg', "not comma-separated text (unexpected end of data)"),
        (b'"Stop" sign?,red,blue,,A,a.jpg', "not comma-separated text ("),
        (b"Which?,red,blue,,A,a.jpg,more", "more fields than columns"),
        (b"Which?,red", "A, B, C holds 1 options"),
    ],
)
def test_a_line_that_is_no_delimited_text_is_named(tmp_path, line, message):
    (tmp_path / "a.jpg").write_bytes(picture())
    long = b"x" * 2**17  # read ahead of a row is not its row
    first = b"Which " + long + b"?,red,blue,,A,a.jpg"
    (tmp_path / "test.csv").write_bytes(b"\r\n".join([b"question,A,B,C,answer,image", first, line]))
    said = complaint(tmp_path, **COLUMNS)
    assert said.startswith(f"{tmp_path}/test.csv row 2: ")
    assert message in said


def test_columns_in_other_letters_are_named_with_what_was_found(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture())
    row = {name.title() if name != "image" else name: value for name, value in choice().items()}
    path = write_json_lines(tmp_path / "test.jsonl", [row])
    found = "Question, A, B, C, Answer, image"
    assert complaint(tmp_path, **COLUMNS).startswith(f"{path} row 1: answer is missing, found {found}")


def test_fields_within_a_column_are_read(tmp_path):
    row = {
        "conversation": {"question": {"text": "Which?"}, "choices": ["red", "blue"]},
        "label": {"letter": "B"},
        "shown": {"bytes": picture(), "path": None},
    }
    settings = {
        "question": "conversation.question.text", "options": "conversation.choices", "answer": "label.letter",
        "image": "shown.bytes",
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "test.parquet")
    (sample,) = indexed(tmp_path, **settings)
    assert (sample.question, sample.gold) == ("Which?", "blue")
    said = complaint(tmp_path, **settings | {"answer": "label.word"})
    assert said.endswith("test.parquet row 1: label.word is missing, found conversation, label, shown")
    (tmp_path / "test.parquet").unlink()
    (tmp_path / "a.jpg").write_bytes(picture())
    write_json_lines(tmp_path / "test.jsonl", [row | {"shown": {"bytes": "a.jpg"}, "label.letter": "A"}])
    assert indexed(tmp_path, **settings)[0].gold == "red"


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_options_may_be_a_list_in_json(tmp_path, suffix):
    (tmp_path / "a.jpg").write_bytes(picture())
    row = {"question": "Which?", "options": '["red, dark", "blue"]', "answer": "B", "image": "a.jpg"}
    if suffix == "jsonl":
        write_json_lines(tmp_path / "test.jsonl", [row])
    else:
        write_delimited(tmp_path / f"test.{suffix}", [row], {"csv": ",", "tsv": "\t"}[suffix])
    (sample,) = indexed(tmp_path, options="options")
    assert (sample.options, sample.gold) == (("red, dark", "blue"), "blue")


@pytest.mark.parametrize("separator", ["|", ", ", ";", "\n"])
def test_options_in_one_text_are_split(tmp_path, separator):
    (tmp_path / "a.jpg").write_bytes(picture())
    row = {"question": "Which?", "options": separator.join(("red", "blue")), "answer": "blue", "image": "a.jpg"}
    write_delimited(tmp_path / "test.csv", [row], ",")
    (sample,) = indexed(tmp_path, options="options", separator=separator)
    assert (sample.options, sample.gold_letter) == (("red", "blue"), "B")


def test_parquet_with_lists_and_pictures_inside(tmp_path):
    rows = [
        {"q": "Which?", "choices": ["red", "blue"], "gold": "A", "shown": {"bytes": picture(1), "path": None}, "id": 4},
        {
            "q": "Here?",
            "choices": ["a", "b", "c"],
            "gold": "c",
            "shown": {"bytes": picture(2), "path": "x"},
            "id": 4,
        },
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test.parquet")
    settings = {"question": "q", "options": "choices", "answer": "gold", "image": "shown", "image_id": "id"}
    one, two = indexed(tmp_path, **settings)
    assert (one.gold, two.gold) == ("red", "c")
    assert one.image_id == two.image_id == "4"
    assert (tmp_path / "stored" / two.image).read_bytes() == picture(2)
    assert one.image != two.image
    bare = [row | {"shown": row["shown"]["bytes"]} for row in rows]
    pq.write_table(pa.Table.from_pylist(bare), tmp_path / "test.parquet")
    assert len(indexed(tmp_path, **settings)) == 2
    pq.write_table(pa.Table.from_pylist([rows[0], rows[1] | {"shown": None}]), tmp_path / "test.parquet")
    assert complaint(tmp_path, **settings).startswith(f"{tmp_path}/test.parquet row 2: shown is empty")


def test_one_picture_under_two_names_is_refused(tmp_path):
    rows = own_rows(tmp_path)
    named = [row | {"image": "pictures/0.jpg", "picture": name} for row, name in zip(rows, "aab", strict=False)]
    write_json_lines(tmp_path / "test.jsonl", named)
    message = complaint(tmp_path, options="options", image_id="picture")
    assert message.endswith("test.jsonl row 3: picture is 'b', but the same picture had 'a'")


@pytest.mark.parametrize("prefix", ["", "data:image/jpeg;base64,"])
def test_pictures_in_base64(tmp_path, prefix):
    row = choice(image=prefix + base64.b64encode(picture()).decode())
    write_json_lines(tmp_path / "test.jsonl", [row])
    (sample,) = indexed(tmp_path, image_text="base64", **COLUMNS)
    assert (tmp_path / "stored" / sample.image).read_bytes() == picture()
    assert "set image_text if image is no path" in complaint(tmp_path, **COLUMNS)
    for image, message in (("images/7.jpg", "image is not base64, it holds '.'"), ("7", "image is '7', no picture in")):
        write_json_lines(tmp_path / "test.jsonl", [choice(image=image)])
        assert f"row 1: {message}" in complaint(tmp_path, image_text="base64", **COLUMNS)


def test_yes_no_questions_have_no_options(tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture())
    rows = [{"question": "Is it red?", "answer": answer, "image": "a.jpg"} for answer in ("yes", "No ", "YES")]
    write_json_lines(tmp_path / "test.jsonl", rows)
    samples = indexed(tmp_path)
    assert [(sample.gold, sample.gold_letter, sample.options) for sample in samples] == [
        ("yes", "", ()),
        ("no", "", ()),
        ("yes", "", ()),
    ]
    for answer, message in (("maybe", "'maybe', expected one of yes, no"), (True, "true or false, not text: True")):
        write_json_lines(tmp_path / "test.jsonl", [rows[0] | {"answer": answer}])
        assert f"row 1: answer is {message}" in complaint(tmp_path)


def test_a_folder_of_files_is_read_in_the_order_of_their_names(tmp_path):
    folder = tmp_path / "test"
    rows = own_rows(folder)
    write_json_lines(folder / "b.jsonl", rows[:2])
    texts = [row | {"options": "|".join(row["options"])} for row in rows[2:]]
    write_delimited(folder / "a.csv", texts, ",")
    write_json_lines(folder / ".hidden.jsonl", ["never read"])
    assert "a.csv row 1: options is text, not a list" in complaint(tmp_path, **MAPPED)
    (folder / "a.csv").unlink()
    write_json_lines(folder / "a.jsonl", rows[2:])
    assert [sample.question for sample in indexed(tmp_path, **MAPPED)] == [
        row["question"] for row in rows[2:] + rows[:2]
    ]
    write_json_lines(folder / "c.jsonl", [])
    assert complaint(tmp_path, **MAPPED).startswith(f"{folder}/c.jsonl: no rows")


def test_the_file_may_be_named(tmp_path):
    (tmp_path / "questions").mkdir()
    write_json_lines(tmp_path / "questions" / "test-v2.jsonl", [choice(image="../a.jpg")])
    (tmp_path / "a.jpg").write_bytes(picture())
    assert len(indexed(tmp_path, file="questions/{split}-v2.jsonl", **COLUMNS)) == 1


def test_a_file_that_cannot_be_told_is_named(tmp_path):
    assert complaint(tmp_path, **COLUMNS).startswith(f"{tmp_path}/test: found nothing, expected a file (.jsonl, .csv, ")
    (tmp_path / "test").mkdir()
    assert complaint(tmp_path, **COLUMNS).startswith(f"{tmp_path}/test: no file of rows there")
    write_json_lines(tmp_path / "test.jsonl", [choice()])
    assert complaint(tmp_path, **COLUMNS).startswith(f"{tmp_path}/test: found test, test.jsonl, expected a file")
    (tmp_path / "test.xlsx").touch()
    assert complaint(tmp_path, file="test.xlsx", **COLUMNS).startswith(f"{tmp_path}/test.xlsx: no file of rows there")
    (tmp_path / "test.parquet").write_text(json.dumps(choice()))
    assert "test.parquet: not a whole Parquet file" in complaint(tmp_path, file="test.parquet", **COLUMNS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"separator": "|"}, "separator: is of use only where options is one column"),
        ({"options": ["A", "B"], "separator": "|"}, "separator: is of use only where options is one column"),
        ({"options": ["A"]}, "at least 2 items"),
        ({"options": list("ABCDEFGHI")}, "at most 8 items"),
        ({"question": ""}, "at least 1 character"),
        ({"file": "../{split}"}, "must lie below the benchmark's path"),
        ({"file": "/data"}, "must lie below the benchmark's path"),
        ({"image_text": "url"}, "'path' or 'base64'"),
        ({"opions": "A"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_before_any_file_is_read(tmp_path, settings, message):
    with pytest.raises(ValidationError, match=message):
        OwnData(tmp_path, settings)
