import os
import tracemalloc
from base64 import b64encode
from pathlib import Path

import pytest
from official_forms import HRBENCH_COLUMNS, hrbench_row, picture, write_hrbench
from speceyes.benchmarks.base import BenchmarkError
from speceyes.benchmarks.hrbench import HRBench

GOOD = [hrbench_row(index) for index in range(8)]


def read(folder: Path):
    return list(HRBench(folder, {}).rows("4k"))


def test_rows_in_file_order_with_gold_as_text_and_letter(tmp_path):
    write_hrbench(tmp_path, GOOD)
    rows = read(tmp_path)
    assert [row.question[-2] for row in rows] == list("00001111")
    assert {row.gold for row in rows} == {"red"}
    assert [row.gold_letter for row in rows] == list("ADCBADCB")
    assert all(row.options["ABCD".index(row.gold_letter)] == row.gold for row in rows)
    assert [row.category for row in rows[3:5]] == ["single", "cross"]
    assert rows[5].image == picture(1)


def test_text_is_kept_as_stored(tmp_path):
    write_hrbench(tmp_path, [hrbench_row(0, question='Which "sign"\thas\na break? ', B="two words ")])
    (row,) = read(tmp_path)
    assert row.question == 'Which "sign"\thas\na break? '
    assert row.options[1] == "two words "


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answer": "E"}, "row 2: answer is 'E', expected one of A, B, C, D"),
        ({"answer": "a"}, "row 2: answer is 'a'"),
        ({"category": "both"}, "row 2: category is 'both', expected one of single, cross"),
        ({"C": ""}, "row 2: C is empty"),
        ({"question": "  "}, "row 2: question is empty"),
        ({"image": ""}, "row 2: image is empty"),
        ({"image": "@@@@"}, "row 2: image is not base64, it holds '@'"),
        ({"image": b64encode(picture()).decode() + "é"}, "row 2: image is not base64, it holds 'é'"),
        ({"image": "['QUJD', 'QUJD']"}, "row 2: image is not base64, it holds '['"),
        ({"image": "0"}, "row 2: image is '0', no picture in base64 (the index of another row?)"),
        (
            {"image": "A data:image/png;base64," + b64encode(picture()).decode()},
            "row 2: image is not base64, it holds ':'",
        ),
        ({"image": "images/7.jpg"}, "row 2: image is not base64, it holds '.'"),
        ({"image": b64encode(picture()).decode()[:-3]}, "row 2: image is not base64"),
        ({"index": 0}, "row 2: index 0 stands twice"),
        ({"answer": "\x1b[31mA"}, r"row 2: answer is '\x1b[31mA'"),
        ({"answer": "A" * 200_000}, f"row 2: answer is '{'A' * 59}… (200000 characters), expected"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, message):
    path = write_hrbench(tmp_path, [GOOD[0], GOOD[1] | changes])
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} {message}")
    assert "\n" not in str(caught.value)


def test_a_key_is_shown_short_and_escaped(tmp_path):
    key = "\x1b[31m" + "k" * 200_000
    write_hrbench(tmp_path, [GOOD[0] | {"index": key}, GOOD[1] | {"index": key}])
    with pytest.raises(BenchmarkError, match=r"row 2: index \\x1b\[31mk+… stands twice") as caught:
        read(tmp_path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "null", "N/A", "-", "0"])
def test_words_that_other_programs_take_for_missing_are_text(tmp_path, word):
    write_hrbench(tmp_path, [hrbench_row(0, question=word, B=word)])
    (row,) = read(tmp_path)
    assert (row.question, row.options[1]) == (word, word)


@pytest.mark.parametrize("prefix", ["", "data:image/jpeg;base64,", " data:image/png;charset=utf-8;BASE64,"])
@pytest.mark.parametrize("wrap", [str, "\n".join, "\r\n ".join])
def test_wrapped_base64_and_data_uris_are_read(tmp_path, prefix, wrap):
    encoded = b64encode(picture()).decode()
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    write_hrbench(tmp_path, [hrbench_row(0, image=prefix + (encoded if wrap is str else wrap(lines)))])
    (row,) = read(tmp_path)
    assert row.image == picture()


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = write_hrbench(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read(tmp_path)) == 8


@pytest.mark.parametrize("column", ["image", "A", "index"])
def test_a_column_that_stands_twice(tmp_path, column):
    write_hrbench(tmp_path, GOOD, [*HRBENCH_COLUMNS, column])
    with pytest.raises(BenchmarkError, match=f"hr_bench_4k.tsv: column {column} stands twice"):
        read(tmp_path)


@pytest.mark.parametrize(("make", "kind"), [(Path.mkdir, "a folder"), (os.mkfifo, "a named pipe")])
def test_a_folder_or_pipe_under_the_files_name(tmp_path, make, kind):
    make(tmp_path / "hr_bench_4k.tsv")
    with pytest.raises(BenchmarkError, match=f"hr_bench_4k.tsv: {kind}, not a file"):
        read(tmp_path)


def test_a_file_that_ends_in_the_middle_of_a_row(tmp_path):
    path = write_hrbench(tmp_path, GOOD)
    text = path.read_text()
    path.write_text(text[: text.rindex("\tsingle" if "\tcross" not in text else "\tcross") + 3])
    with pytest.raises(BenchmarkError, match="row 8: A is empty; correct the file or download it again"):
        read(tmp_path)


def test_a_file_that_ends_inside_quotes(tmp_path):
    path = write_hrbench(tmp_path, [hrbench_row(0, question='say "x"')])
    path.write_text(path.read_text().split("say")[0] + "say")
    with pytest.raises(BenchmarkError, match="not tab-separated text"):
        read(tmp_path)


def test_a_row_with_more_fields_than_columns(tmp_path):
    path = write_hrbench(tmp_path, GOOD[:1])
    path.write_text(path.read_text().rstrip("\n") + "\tmore\n")
    with pytest.raises(BenchmarkError, match="row 1: more fields than columns"):
        read(tmp_path)


def test_another_file_under_the_name(tmp_path):
    write_hrbench(tmp_path, GOOD, [column for column in HRBENCH_COLUMNS if column not in ("category", "image")])
    with pytest.raises(BenchmarkError, match="columns category, image are missing"):
        read(tmp_path)
    (tmp_path / "hr_bench_4k.tsv").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(BenchmarkError, match="not tab-separated text"):
        read(tmp_path)


def test_a_file_that_is_empty_or_absent_is_named(tmp_path):
    with pytest.raises(BenchmarkError, match=r"hr_bench_4k.tsv: No such file.*run download_dataset"):
        read(tmp_path)
    write_hrbench(tmp_path, [])
    with pytest.raises(BenchmarkError, match="no rows"):
        read(tmp_path)
    (tmp_path / "hr_bench_4k.tsv").write_text("")
    with pytest.raises(BenchmarkError, match="columns index, question"):
        read(tmp_path)


def test_memory_holds_a_few_rows_however_many_there_are(tmp_path):
    row_bytes = 200_000
    write_hrbench(tmp_path, [hrbench_row(index, image="QUJD" * (row_bytes // 4)) for index in range(200)])
    tracemalloc.start()
    count = sum(1 for _ in HRBench(tmp_path, {}).rows("4k"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200
    assert peak < 10 * row_bytes
