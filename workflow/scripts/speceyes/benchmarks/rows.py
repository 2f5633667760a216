"""Files of rows, read one row at a time: delimited text, Parquet, and JSON lines."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from speceyes.benchmarks.base import ADVICE, BenchmarkError, check_columns, is_unicode, kind_of, table_file
from speceyes.border import border, plain, reason, shown
from speceyes.documents import parse_json

DELIMITERS = {"\t": "tab", ",": "comma"}
BATCH_ROWS = 32
BUFFER_BYTES = 2**20

Row = tuple[str, dict[str, Any]]  # file and row, for messages; its fields


def delimited_rows(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows below a head line.

    Raises:
        BenchmarkError: no such file, not delimited text, a column missing or twice, a row longer than the head.
    """
    csv.field_size_limit(sys.maxsize)
    # What is no UTF-8 is left to the field that holds it: only its row is known to be wrong.
    with (
        table_file(path) as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        reader = csv.DictReader(text, delimiter=delimiter, strict=True)
        where = f"{plain(path)} head line"
        try:
            names = reader.fieldnames or ()
            if not all(map(is_unicode, names)):
                raise BenchmarkError(f"{where}: not {DELIMITERS[delimiter]}-separated text in UTF-8; {ADVICE}")
            check_columns(path, names, columns)
            where = f"{plain(path)} row 1"
            for number, row in enumerate(reader, start=1):
                if None in row:
                    raise BenchmarkError(f"{where}: more fields than columns; {ADVICE}")
                yield where, row
                where = f"{plain(path)} row {number + 1}"
        except csv.Error as error:
            raise BenchmarkError(
                f"{where}: not {DELIMITERS[delimiter]}-separated text ({reason(error)}); {ADVICE}"
            ) from error


def parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows with these columns alone; memory is bounded by one row group (Arrow reads nested columns so).

    Raises:
        BenchmarkError: no such file, not Parquet, a column missing or twice.
    """
    try:
        with table_file(path), pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            check_columns(path, file.schema_arrow.names, columns)
            batches = file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns))
            single = chain.from_iterable(map(_single_rows, batches))
            for number, alone in enumerate(single, start=1):
                where = f"{plain(path)} row {number}"
                with border(where, BenchmarkError, ADVICE):
                    [row] = alone.to_pylist()
                yield where, row
    except (OSError, pa.ArrowException) as error:
        said = plain(str(error).partition("\n")[0])
        raise BenchmarkError(f"{plain(path)}: not a whole Parquet file ({said}); {ADVICE}") from error


def _single_rows(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """One row at a time, so that an error names the row whose value Python cannot hold."""
    return (batch.slice(place, 1) for place in range(batch.num_rows))


def json_rows(path: Path) -> Iterator[Row]:
    """The objects of a file with one on each line; blank lines are skipped, but counted as rows.

    Raises:
        BenchmarkError: no such file, a line that is no JSON object.
    """
    with table_file(path) as file:
        for number, line in enumerate(file, start=1):
            where = f"{plain(path)} row {number}"
            with border(where, BenchmarkError, ADVICE):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                row = parse_json(text) if text else {}
            if not isinstance(row, dict):
                raise BenchmarkError(f"{where}: {kind_of(row)}, no JSON object: {shown(row)}; {ADVICE}")
            if text:
                yield where, row
