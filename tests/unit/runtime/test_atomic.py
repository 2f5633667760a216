"""Files that are there whole or not at all."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from full_disk import files_end_at
from speceyes.runtime.atomic import whole

WRITERS = {
    "bytes": lambda part: part.write_bytes(b"x" * 5000),
    "text": lambda part: part.write_text("x" * 5000),
    "Parquet": lambda part: pq.write_table(pa.table({"x": range(5000)}), part),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_the_disk_does_not_take_is_named_and_the_old_one_stays(tmp_path, writer):
    path = tmp_path / "file"
    path.write_text("before")
    with files_end_at(1000), pytest.raises(OSError, match="File too large") as caught, whole(path) as part:
        WRITERS[writer](part)
    assert str(path) in str(caught.value)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match=r"nowhere/file"), whole(tmp_path / "nowhere" / "file") as part:
        part.write_text("x")
