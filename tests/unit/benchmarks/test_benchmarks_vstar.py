from collections import Counter

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
        ({"options": ["glass", "nan"]}, "options[1] is empty"),
        ({"options": "glass"}, "options: Input should be a valid list"),
    ],
)
def test_a_bad_annotation_is_named(tmp_path, changes, message):
    path = write_vstar(tmp_path, "x", **changes)
    with pytest.raises(BenchmarkError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "download" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_an_annotation_that_is_no_json_object(tmp_path, content):
    path = write_vstar(tmp_path, "x")
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=rf"{path}: .*download the dataset again"):
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
