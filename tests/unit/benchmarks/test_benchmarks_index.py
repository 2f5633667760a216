import hashlib
import logging

import pytest
from full_disk import files_end_at
from official_forms import hrbench_row, picture, png_of_size, pope_row, write_hrbench, write_pope, write_vstar
from speceyes.benchmarks.base import BenchmarkError, RawRow, load_reader
from speceyes.benchmarks.index import build_index
from speceyes.miniature.generate import Sizes, write_benchmarks
from speceyes.records.samples import read_samples

SPLITS = {
    "vstar": ("speceyes.benchmarks.vstar:VStar", ("direct_attributes", "relative_position")),
    "hrbench": ("speceyes.benchmarks.hrbench:HRBench", ("4k", "8k")),
    "pope": ("speceyes.benchmarks.pope:Pope", ("adversarial", "popular", "random")),
}


def index(tmp_path, benchmark, split, folder, rows=None, **settings):
    reader = load_reader(SPLITS[benchmark][0])(folder, settings)
    build_index(reader, benchmark, split, tmp_path / "samples.parquet", tmp_path / "images", expected_rows=rows)
    return read_samples(tmp_path / "samples.parquet")


def test_rows_that_share_an_image_share_one_file_of_original_bytes(tmp_path):
    write_hrbench(tmp_path, [hrbench_row(number) for number in range(8)])
    samples = index(tmp_path, "hrbench", "4k", tmp_path, 8)
    assert [sample.sample_id for sample in samples][:2] == ["hrbench/4k/0000", "hrbench/4k/0001"]
    files = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    assert sorted(files.values()) == sorted([picture(0), picture(1)])
    for sample in samples:
        assert hashlib.sha256(files[sample.image]).hexdigest() == sample.image_id
        assert sample.image == f"{sample.image_id[:32]}.jpg"
        assert (sample.width, sample.height) == (24, 32)


@pytest.mark.parametrize(("form", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_the_extension_follows_the_content(tmp_path, form, extension):
    write_vstar(tmp_path, "x", image=picture(3, form))
    (sample,) = index(tmp_path, "vstar", "direct_attributes", tmp_path)
    assert sample.image.endswith(f".{extension}")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (b"", "image cannot be decoded"),
        (b"<html>not found</html>", "image cannot be decoded"),
        (picture(side=400)[:-600], "image cannot be decoded"),
        (picture(form="GIF"), "image has format GIF, expected one of"),
    ],
)
def test_an_unusable_image_is_named(tmp_path, image, message):
    path = write_vstar(tmp_path, "x", image=image)
    with pytest.raises(BenchmarkError, match=message) as caught:
        index(tmp_path, "vstar", "direct_attributes", tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "samples.parquet").exists()


@pytest.mark.parametrize("size", [(40_000, 30_000), (13_500, 13_500)])
def test_a_picture_larger_than_the_bound_is_refused_before_it_is_decoded(tmp_path, size):
    write_vstar(tmp_path, "x", image=png_of_size(*size))
    with pytest.raises(BenchmarkError, match=r"x\.json: image is too large: the limit is 178956970 pixels"):
        index(tmp_path, "vstar", "direct_attributes", tmp_path)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("text", "row 1: image is text, not bytes: 'text'"),
        (7, "row 1: image is a number, not bytes: 7"),
        ([1, 2], "row 1: image is a list, not bytes"),
        (b"", "row 1: image cannot be decoded"),
    ],
)
def test_picture_bytes_of_another_type_are_named(tmp_path, image, message):
    write_pope(tmp_path, [pope_row(0, image={"bytes": image, "path": "x.jpg"})])
    with pytest.raises(BenchmarkError) as caught:
        index(tmp_path, "pope", "adversarial", tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        *[("red", "red"), ("red", " red "), ("blue", "red", "red  "), ("a  b", "c", "a b")],
        *[("caf\u00e9", "cafe\u0301"), ("red", "red\u200b"), ("red", "blue", "\ufeffred"), ("a\u00a0b", "a b")],
    ],
)
def test_identical_options_are_named(tmp_path, options):
    path = write_vstar(tmp_path, "x", options=list(options))
    with pytest.raises(BenchmarkError) as caught:
        index(tmp_path, "vstar", "direct_attributes", tmp_path)
    assert str(caught.value).startswith(f"{path}: options ")
    assert " are both '" in str(caught.value)


def test_a_picture_that_the_disk_does_not_take_is_named_and_no_row_blamed(tmp_path):
    write_pope(tmp_path, [pope_row(0)])
    with files_end_at(100), pytest.raises(OSError, match="File too large") as caught:
        index(tmp_path, "pope", "adversarial", tmp_path)
    assert ".jpg" in str(caught.value)
    assert "row" not in str(caught.value)


class Listing:
    """A reader of one row."""

    def __init__(self, **changes):
        row = {"question": "Is it red?", "options": (), "gold": "yes", "gold_letter": "", "category": ""}
        self.row = RawRow(where="list.txt line 1", image=picture(), **row | changes)

    def rows(self, split):
        yield self.row


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": None}, "list.txt line 1: question: Input should be a valid string"),
        ({"question": ""}, "list.txt line 1: question: String should have at least 1 character"),
        ({"options": ("red", "blue"), "gold_letter": "C"}, "list.txt line 1: gold_letter 'C' is not one of"),
        ({"options": ("red", "blue"), "gold_letter": "B"}, "list.txt line 1: gold is not the option"),
    ],
)
def test_a_row_that_contradicts_itself_is_named(tmp_path, changes, message):
    with pytest.raises(BenchmarkError) as caught:
        build_index(Listing(**changes), "listing", "test", tmp_path / "samples.parquet", tmp_path / "images")
    assert str(caught.value).startswith(message)


class Failing:
    """A reader that gives one row and then fails as it is told."""

    def __init__(self, error):
        self.error = error

    def rows(self, split):
        yield RawRow("list.txt line 1", "Is it red?", (), "yes", "", "", picture())
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("answer"), "KeyError: 'answer'"),
        (RecursionError(), "nested too deep"),
        (AttributeError("'int' object has no attribute 'strip'"), "AttributeError: 'int' object"),
        (ValueError("\x1b[31mred\nline"), r"\x1b[31mred line"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_whatever_a_reader_raises_is_one_line(tmp_path, error, message):
    with pytest.raises(BenchmarkError) as caught:
        build_index(Failing(error), "failing", "test", tmp_path / "samples.parquet", tmp_path / "images")
    assert str(caught.value).startswith(f"after list.txt line 1: {message}")
    assert "\n" not in str(caught.value)


def test_the_official_count_is_checked(tmp_path):
    write_pope(tmp_path, [pope_row(number) for number in range(3)])
    with pytest.raises(BenchmarkError, match="pope/adversarial: 3 rows, expected 4"):
        index(tmp_path, "pope", "adversarial", tmp_path, 4)


def test_progress_is_reported(tmp_path, caplog):
    write_pope(tmp_path, [pope_row(number) for number in range(3)])
    with caplog.at_level(logging.INFO):
        index(tmp_path, "pope", "adversarial", tmp_path, 3)
    assert "index pope/adversarial: 3 of 3" in caplog.text


def test_the_generated_benchmarks_pass_the_official_readers(tmp_path):
    sizes = Sizes(vstar_direct=2, vstar_relative=2, hrbench_questions=2, pope_images=3)
    write_benchmarks(tmp_path, sizes, seed=5)
    expected = {"vstar": 2, "hrbench": 8, "pope": 6}
    for benchmark, (_, splits) in SPLITS.items():
        for split in splits:
            assert len(index(tmp_path, benchmark, split, tmp_path / benchmark, expected[benchmark])) > 0


@pytest.mark.parametrize(
    "spec", ["speceyes.benchmarks.vstar", "speceyes.benchmarks.vstar:Nope", "nowhere:X", "", ":", "a..b:C"]
)
def test_a_reader_that_is_not_there(spec):
    with pytest.raises(ValueError, match=r"write it as package\.module:Class"):
        load_reader(spec)
