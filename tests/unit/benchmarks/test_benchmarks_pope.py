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
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, message):
    path = write_pope(tmp_path, [GOOD[0], GOOD[1] | changes])
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path} {message}")


def test_other_columns(tmp_path):
    write_pope(tmp_path, [{key: value for key, value in GOOD[0].items() if key != "answer"}])
    with pytest.raises(BenchmarkError, match="columns answer are missing"):
        read(tmp_path)
    write_pope(tmp_path, [GOOD[0] | {"image": "x.jpg"}])
    with pytest.raises(BenchmarkError, match="column image holds no bytes and path"):
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
