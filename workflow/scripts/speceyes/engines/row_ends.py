"""Where each row of a generating batch ends: at its own end of text, stop string or limit."""

from __future__ import annotations

from collections.abc import Sequence

from speceyes.engines.base import Request, StopReason
from speceyes.engines.codec import Codec


class RowEnds:
    """Follows each row to its end and keeps its tokens up to there, end of text and padding excluded.

    Attributes:
        token_ids: one list per row.
        reasons: why each row ended; ``None`` while it goes on.
    """

    def __init__(self, requests: Sequence[Request], end_of_text: Sequence[int], codec: Codec) -> None:
        self.token_ids: list[list[int]] = [[] for _ in requests]
        self.reasons: list[StopReason | None] = [None] * len(requests)
        self._requests = requests
        self._end_of_text = frozenset(end_of_text)
        self._codec = codec

    def take(self, rows: Sequence[int], token_ids: Sequence[int]) -> list[int]:
        """One more token of each of these rows; the places in them of those that go on."""
        for row, token_id in zip(rows, token_ids, strict=True):
            if self.reasons[row] is None:
                self.reasons[row] = self._take(self._requests[row], self.token_ids[row], token_id)
        return [place for place, row in enumerate(rows) if self.reasons[row] is None]

    def _take(self, request: Request, token_ids: list[int], token_id: int) -> StopReason | None:
        if token_id in self._end_of_text and not request.ignore_end_of_text:
            return "end_of_text"
        token_ids.append(token_id)
        if request.stop and self._stops(request.stop, token_ids):
            return "stop_string"
        return "length" if len(token_ids) >= request.max_new_tokens else None

    def _stops(self, stops: Sequence[str], token_ids: Sequence[int]) -> bool:
        # A stop string can only be complete now if its last character lies in the newest token
        # (or in a character whose bytes that token completes), so most steps decode nothing.
        piece = self._codec.piece(token_ids[-1])
        if not any(stop[-1] in piece or "\ufffd" in piece for stop in stops):
            return False
        text = self._codec.decode(token_ids)
        return any(stop in text for stop in stops)
