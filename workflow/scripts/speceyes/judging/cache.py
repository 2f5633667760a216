"""The judge's replies on disk: what was asked once is not asked again, by this run or a later one."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from speceyes.border import border


class CacheError(Exception):
    """The file of replies cannot be read or written; the message names it."""


class ReplyCache:
    """Replies under the hash of judge and request, each written as it comes.

    Args:
        folder: made if it is not there; holds one file.
        judge: whose replies they are: the model's identity, or the address of a judge that somebody else runs.

    Raises:
        CacheError: the file there holds no replies, or the disk does not take them.
    """

    def __init__(self, folder: Path, judge: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._judge = judge
        self._path = folder / "replies.sqlite"
        with border(self._path, CacheError, "remove it, and its replies are asked for again"):
            self._database = sqlite3.connect(self._path, isolation_level=None)
            self._database.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL)")
            self.get("")

    def get(self, request: str) -> str | None:
        """The reply to a request, None when there is none yet."""
        with border(self._path, CacheError):
            row = self._database.execute("SELECT reply FROM replies WHERE key = ?", (self._key(request),)).fetchone()
        return None if row is None else str(row[0])

    def put(self, request: str, reply: str) -> None:
        """Keep a reply."""
        with border(self._path, CacheError):
            self._database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (self._key(request), reply))

    def close(self) -> None:
        self._database.close()

    def _key(self, request: str) -> str:
        return hashlib.sha256(f"{self._judge}\0{request}".encode()).hexdigest()
