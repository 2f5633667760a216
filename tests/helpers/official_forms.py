"""Small benchmarks in the official on-disk forms, to be damaged by tests."""

from __future__ import annotations

import base64
import csv
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HRBENCH_COLUMNS = ["index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image"]


def picture(seed: int = 0, form: str = "JPEG", side: int = 24) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side + 8), (seed * 37 % 256, 90, 160)).save(out, form)
    return out.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels; its pixels are not there."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", b"cut short")
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def hrbench_row(index: int, **changes: Any) -> dict[str, Any]:
    """One record; question ``index // 4`` has its own image and its four rotations share it."""
    words = ["red", "green", "blue", "black"]
    turn = index % 4
    record = {
        "index": index,
        "question": f"What colour is object {index // 4}?",
        "answer": "ABCD"[-turn % 4],
        "category": "single" if index < 4 else "cross",
        **dict(zip("ABCD", words[turn:] + words[:turn], strict=True)),
        "cycle_category": turn,
        "image": base64.b64encode(picture(index // 4)).decode(),
    }
    return record | changes


def write_hrbench(folder: Path, records: list[dict[str, Any]], columns: list[str] = HRBENCH_COLUMNS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hr_bench_4k.tsv"
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records)
    return path


def pope_row(number: int, **changes: Any) -> dict[str, Any]:
    record = {
        "id": str(number),
        "question_id": str(number + 1),
        "question": f"Is there a dog number {number}?",
        "answer": "yes" if number % 2 == 0 else "no",
        "image_source": f"COCO_{number // 2}",
        "image": {"bytes": picture(number // 2), "path": f"COCO_{number // 2}.jpg"},
        "category": "adversarial",
    }
    return record | changes


def write_pope(folder: Path, records: list[dict[str, Any]], group: int | None = None) -> Path:
    path = folder / "Full" / "adversarial-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=group)
    return path


def write_vstar(folder: Path, name: str, image: bytes | None = None, **changes: Any) -> Path:
    """One annotation with its image; a change to ``...`` leaves the field out."""
    annotation = {
        "target_object": ["cup"],
        "bbox": [[4, 5, 6, 7]],
        "question": "What is the material of the cup?",
        "options": ["glass", "steel", "paper", "wood"],
    } | changes
    path = folder / "direct_attributes" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: value for key, value in annotation.items() if value is not ...}))
    path.with_suffix(".jpg").write_bytes(picture(len(name)) if image is None else image)
    return path
