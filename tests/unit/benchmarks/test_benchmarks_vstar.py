import os
from collections import Counter
from pathlib import Path

import pytest
from official_forms import write_vstar
from speceyes.benchmarks.base import BenchmarkError
from speceyes.benchmarks.vstar import VStar

OPTIONS = ("glass", "steel", "paper", "wood")


def read(folder, **settings):
    return list(VStar(folder, settings).rows("direct_attributes"))


def test_published_order_has_the_gold_first(tmp_path):
    for name in ("b", "aaa", "cc"):
        write_vstar(tmp_path, name)
    rows = read(tmp_path)
    assert [row.where[-8:-5] for row in rows] == ["aaa", "s/b", "/cc"]
    assert {(row.options, row.gold, row.gold_letter, row.category) for row in rows} == {
        (OPTIONS, "glass", "A", "direct_attributes")
    }


def test_rotated_order_is_seeded_per_sample_and_tracks_the_gold(tmp_path):
    for number in range(40):
        write_vstar(tmp_path, f"{number:03d}")
    rows = read(tmp_path, option_order="rotated", seed=7)
    assert rows == read(tmp_path, option_order="rotated", seed=7)
    assert rows != read(tmp_path, option_order="rotated", seed=8)
    assert all(row.options["ABCD".index(row.gold_letter)] == row.gold == "glass" for row in rows)
    doubled = OPTIONS * 2
    assert all(row.options in {doubled[turn : turn + 4] for turn in range(4)} for row in rows)
    assert set(Counter(row.gold_letter for row in rows)) == set("ABCD")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": ...}, "question: Field required"),
        ({"question": " "}, "question is empty"),
        ({"bbox": [[1, 2, 3]]}, "bbox.0: List should have at least 4 items"),
        ({"bbox": []}, "bbox: 0 boxes for 1 targets"),
        ({"target_object": ...}, "target_object: Field required"),
        ({"options": ["one"]}, "options: List should have at least 2 items"),
        ({"options": ["glass", None]}, "options[1] is empty"),
        ({"options": ["glass", "  "]}, "options[1] is empty"),
        ({"options": ["glass", "\ud800"]}, "options[1] holds half a character"),
        ({"options": ["glass", 7]}, "options.1: Input should be a valid string"),
        ({"question": ["What?"]}, "question: Input should be a valid string"),
        ({"bbox": [[1, 2, 3, "4"]]}, "bbox.0.3: Input should be a valid number"),
        ({"options": "glass"}, "options: Input should be a valid list"),
    ],
)
def test_a_bad_annotation_is_named(tmp_path, changes, message):
    path = write_vstar(tmp_path, "x", **changes)
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "download" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1]", "annotation: Input should be a valid dictionary"),
        (b"\xff", "not UTF-8 text"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"question": "a", "question": "b"}', "the key 'question' stands twice"),
        (b'{"x": {"\\u001b[31m": 1, "\\u001b[31m": 2}}', r"the key '\x1b[31m' stands twice"),
        (b'{"bbox": [[NaN, 1, 1, 1]]}', "not JSON: NaN is no number"),
        (b"9" * 5000, "Exceeds the limit"),
    ],
)
def test_an_annotation_that_is_no_json_object_of_ours(tmp_path, content, message):
    path = write_vstar(tmp_path, "x")
    path.write_bytes(content)
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert str(caught.value).endswith("download the dataset again")


def test_a_key_of_200_kilobytes_is_shown_short(tmp_path):
    key = b'"' + b"k" * 200_000 + b'": 1'
    write_vstar(tmp_path, "x").write_bytes(b"{" + key + b", " + key + b"}")
    with pytest.raises(BenchmarkError, match=r"the key 'k+… \(200000 characters\) stands twice") as caught:
        read(tmp_path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("word", ["nan", "None", "null", "N/A"])
def test_words_that_other_programs_take_for_missing_are_text(tmp_path, word):
    write_vstar(tmp_path, "x", options=["glass", word])
    (row,) = read(tmp_path)
    assert row.options == ("glass", word)


def test_a_byte_order_mark_is_read_over(tmp_path):
    path = write_vstar(tmp_path, "x")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("left", ["._0.json", "._0.jpg", ".DS_Store", "._x.json", ".hidden.jpg", "Thumbs.db"])
def test_what_systems_leave_in_folders_is_ignored(tmp_path, left):
    path = write_vstar(tmp_path, "x")
    (path.parent / left).write_bytes(b"\0\5\x16\7")
    (path.parent / "__MACOSX").mkdir()
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize(("make", "kind"), [(Path.mkdir, "a folder"), (os.mkfifo, "a named pipe")])
@pytest.mark.parametrize("suffix", [".json", ".jpg"])
def test_a_folder_or_pipe_under_a_files_name(tmp_path, suffix, make, kind):
    path = write_vstar(tmp_path, "x").with_suffix(suffix)
    path.unlink()
    make(path)
    with pytest.raises(BenchmarkError, match=rf"{path}: {kind}, not a file"):
        read(tmp_path)


def test_a_file_name_with_control_characters_is_shown_escaped(tmp_path):
    write_vstar(tmp_path, "x\x1b[31m").write_text("{")
    with pytest.raises(BenchmarkError, match=r"x\\x1b\[31m\.json: not JSON"):
        read(tmp_path)


def test_files_that_miss_their_partner(tmp_path):
    path = write_vstar(tmp_path, "x")
    path.with_suffix(".jpg").unlink()
    with pytest.raises(BenchmarkError, match=r"x.json: image x.jpg is missing"):
        read(tmp_path)
    write_vstar(tmp_path, "x")
    write_vstar(tmp_path, "y").unlink()
    with pytest.raises(BenchmarkError, match=r"y.json: annotation is missing"):
        read(tmp_path)


def test_a_split_that_is_not_there(tmp_path):
    with pytest.raises(BenchmarkError, match=r"direct_attributes: no annotations there; run download_dataset"):
        read(tmp_path)
