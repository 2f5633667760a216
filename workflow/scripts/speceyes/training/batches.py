"""Rows of examples as tensors: many lines behind one prefix, which do not attend to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from speceyes.miniature.scenes import GRID
from speceyes.training.examples import VISUAL_TOKENS, Attend, Line, Row
from speceyes.training.supervision import Jobs


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as tensors.

    Attributes:
        ids: (batch, n) tokens, padded on the right.
        weights: (batch, n) how much each token counts in the loss.
        lines: (batch, n) number of the line a token belongs to; 0 is the prefix, -1 padding.
        positions: (3, batch, n) multimodal rotary positions.
        images: (row, first position, scene, 0 for the view or 1 + plate for its crop) per picture.
        jobs: what should attend to what, per layer.
    """

    ids: torch.Tensor
    weights: torch.Tensor
    lines: torch.Tensor
    positions: torch.Tensor
    images: list[tuple[int, int, int, int]]
    jobs: Jobs

    def to(self, device: torch.device) -> Batch:
        """The same rows on a device."""
        return Batch(
            ids=self.ids.to(device),
            weights=self.weights.to(device),
            lines=self.lines.to(device),
            positions=self.positions.to(device),
            images=self.images,
            jobs={layer: tuple(part.to(device) for part in job) for layer, job in self.jobs.items()},
        )


def _text_positions(start: int, count: int) -> list[tuple[int, int, int]]:
    return [(start + i,) * 3 for i in range(count)]


def _image_positions(start: int) -> list[tuple[int, int, int]]:
    return [(start, start + row, start + column) for row in range(GRID) for column in range(GRID)]


def _line_positions(start: int, line: Line) -> list[tuple[int, int, int]]:
    """A line's positions from ``start``: text counts on from a crop's larger side."""
    found: list[tuple[int, int, int]] = []
    done = 0
    for crop in line.crops:
        found += _text_positions(start, crop - done)
        start += crop - done
        found += _image_positions(start)
        start += GRID
        done = crop + VISUAL_TOKENS
    return found + _text_positions(start, len(line.ids) - done)


def collate(rows: list[Row]) -> Batch:
    """Pack rows; positions are those of the multimodal rotary embedding, restarted for every line."""
    ids: list[list[int]] = []
    weights: list[list[float]] = []
    numbers: list[list[int]] = []
    positions: list[list[tuple[int, int, int]]] = []
    images: list[tuple[int, int, int, int]] = []
    jobs: dict[int, list[tuple[int, int, int]]] = {}
    for index, row in enumerate(rows):
        head = len(row.prefix) - VISUAL_TOKENS
        images.append((index, head, row.scene, 0))
        row_ids, row_weights, row_numbers = list(row.prefix), [0.0] * len(row.prefix), [0] * len(row.prefix)
        row_positions = [*_text_positions(0, head), *_image_positions(head)]
        for number, line in enumerate(row.lines, start=1):
            base = len(row_ids)
            start = head + GRID
            row_positions += _line_positions(start, line)
            images += [(index, base + crop, row.scene, 1 + line.plate) for crop in line.crops]
            row_ids += line.ids
            row_weights += line.weights
            row_numbers += [number] * len(line.ids)
            for attend in line.attends:
                jobs.setdefault(attend.layer, []).append((index, base + attend.query, _key(attend, base)))
        ids.append(row_ids)
        weights.append(row_weights)
        numbers.append(row_numbers)
        positions.append(row_positions)
    length = max(map(len, ids))

    def padded(values: list[list[Any]], fill: Any) -> torch.Tensor:
        return torch.tensor([row + [fill] * (length - len(row)) for row in values])

    return Batch(
        ids=padded(ids, 0),
        weights=padded(weights, 0.0),
        lines=padded(numbers, -1),
        positions=padded(positions, (0, 0, 0)).permute(2, 0, 1),
        images=images,
        jobs={
            layer: (
                torch.tensor([j[0] for j in todo]),
                torch.tensor([j[1] for j in todo]),
                torch.tensor([j[2] for j in todo]),
            )
            for layer, todo in jobs.items()
        },
    )


def _key(attend: Attend, base: int) -> int:
    """The key's position in its row."""
    return -1 - attend.key if attend.key < 0 else base + attend.key


def visibility(lines: torch.Tensor) -> torch.Tensor:
    """(batch, 1, n, n) mask: causal, own line and prefix only."""
    n = lines.shape[1]
    causal = torch.ones(n, n, dtype=torch.bool, device=lines.device).tril()
    own = lines[:, :, None] == lines[:, None, :]
    prefix = (lines[:, None, :] == 0) & (lines[:, :, None] >= 0)
    return ((own | prefix) & causal)[:, None]
