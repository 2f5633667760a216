import os
from pathlib import Path

import pyarrow as pa
import pytest
from official_forms import picture, pope_row, write_pope
from speceyes.benchmarks.base import BenchmarkError
from speceyes.benchmarks.pope import Pope

GOOD = [pope_row(number) for number in range(6)]


def read(folder):
    return list(Pope(folder, {}).rows("adversarial"))


def test_rows_in_file_order(tmp_path):
    write_pope(tmp_path, GOOD)
    rows = read(tmp_path)
    assert [row.gold for row in rows] == ["yes", "no"] * 3
    assert rows[4].image == rows[5].image == picture(2)
    assert {(row.options, row.gold_letter, row.category) for row in rows} == {((), "", "adversarial")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": "maybe"}, "row 2: answer is 'maybe', expected one of yes, no"),
        ({"answer": None}, "row 2: answer is empty"),
        ({"question": ""}, "row 2: question is empty"),
        ({"category": None}, "row 2: category is empty"),
        ({"id": "0"}, "row 2: id 0 stands twice"),
        ({"image": None}, "row 2: image holds no bytes"),
        ({"image": {"bytes": None, "path": "x.jpg"}}, "row 2: image holds no bytes"),
        ({"answer": "\x1b[31myes"}, r"row 2: answer is '\x1b[31myes'"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, message):
    path = write_pope(tmp_path, [GOOD[0], GOOD[1] | changes])
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} {message}")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("question", b"Is there a dog?", "question is bytes, not text: b'Is there a dog?'"),
        ("question", 7, "question is a number, not text: 7"),
        ("question", ["Is there a dog?"], "question is a list, not text"),
        ("question", {"text": "Is there a dog?"}, "question is of type dict, not text"),
        ("answer", True, "answer is true or false, not text: True"),
        ("category", b"adversarial", "category is bytes, not text"),
        ("id", b"0", "id is bytes, not text"),
        ("id", 0.5, "id is a number, not text: 0.5"),
    ],
)
def test_a_column_of_another_type_is_named(tmp_path, field, value, message):
    path = write_pope(tmp_path, [row | {field: value} for row in GOOD])
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} row 1: {message}")


def test_a_text_that_is_not_in_utf_8_is_named_with_its_row(tmp_path):
    path = write_pope(tmp_path, GOOD)
    table = pa.parquet.read_table(path)
    texts = pa.array([*(row["question"].encode() for row in GOOD[:-1]), b"Is there a caf\xe9?"])
    broken = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())
    pa.parquet.write_table(table.set_column(table.schema.get_field_index("question"), "question", broken), path)
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} row {len(GOOD)}: 'utf-8' codec can't decode byte 0xe9")


def test_whole_numbers_are_keys(tmp_path):
    write_pope(tmp_path, [row | {"id": number} for number, row in enumerate(GOOD)])
    assert len(read(tmp_path)) == 6


def test_a_column_that_stands_twice(tmp_path):
    path = write_pope(tmp_path, GOOD)
    table = pa.parquet.read_table(path)
    pa.parquet.write_table(table.append_column("question", table["answer"]), path)
    with pytest.raises(BenchmarkError, match="column question stands twice"):
        read(tmp_path)


@pytest.mark.parametrize(("make", "kind"), [(Path.mkdir, "a folder"), (os.mkfifo, "a named pipe")])
def test_a_folder_or_pipe_under_the_files_name(tmp_path, make, kind):
    (tmp_path / "Full").mkdir()
    make(tmp_path / "Full" / "adversarial-00000-of-00001.parquet")
    with pytest.raises(BenchmarkError, match=f"parquet: {kind}, not a file"):
        read(tmp_path)


def test_a_column_that_is_missing_or_holds_no_picture_is_named(tmp_path):
    write_pope(tmp_path, [{key: value for key, value in GOOD[0].items() if key != "answer"}])
    with pytest.raises(BenchmarkError, match="columns answer are missing"):
        read(tmp_path)
    write_pope(tmp_path, [GOOD[0] | {"image": "x.jpg"}])
    with pytest.raises(BenchmarkError, match="row 1: image holds no bytes"):
        read(tmp_path)


def test_damaged_empty_and_absent_files(tmp_path):
    with pytest.raises(BenchmarkError, match=r"parquet: No such file.*run download_dataset"):
        read(tmp_path)
    path = write_pope(tmp_path, GOOD)
    whole = path.read_bytes()
    for damaged in (whole[:-50], whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :], b""):
        path.write_bytes(damaged)
        with pytest.raises(BenchmarkError, match=r"not a whole Parquet file .*download it again"):
            read(tmp_path)
    write_pope(tmp_path, GOOD)
    pa.parquet.write_table(pa.parquet.read_table(path).slice(0, 0), path)
    with pytest.raises(BenchmarkError, match="no rows"):
        read(tmp_path)


def test_memory_holds_one_row_group_however_many_there_are(tmp_path):
    image = {"path": "x.jpg"}
    rows = [pope_row(number, image=image | {"bytes": number.to_bytes(4, "big") * 25_000}) for number in range(400)]
    path = write_pope(tmp_path, rows, group=40)
    group_bytes = 40 * 100_000
    del rows
    before, most = pa.total_allocated_bytes(), 0
    for _ in Pope(tmp_path, {}).rows("adversarial"):
        most = max(most, pa.total_allocated_bytes() - before)
    assert pa.parquet.ParquetFile(path).num_row_groups == 10
    assert most < 3 * group_bytes
