"""A small mirror of the hub on 127.0.0.1: the routes of its real client, and the faults of real networks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
RAW = re.compile(r"/raw/(?P<path>.+)")
API = re.compile(
    r"/api/(?P<kind>models|datasets)/(?P<name>[^/]+/[^/]+)(/revision/[^/]+|(?P<tree>/tree/(?P<at>[^/?]+)))?$"
)
FILE = re.compile(r"/(datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<at>[^/]+)/(?P<path>.+)")
LARGE = 2000


@dataclass
class Mirror:
    """What is served, what was asked for, and what goes wrong."""

    files: dict[str, bytes]
    name: str = "owner/name"
    url: str = ""
    requests: list[str] = field(default_factory=list)
    ranges: dict[str, list[str]] = field(default_factory=dict)
    listed_sha256: dict[str, str] = field(default_factory=dict)
    listed_too: dict[str, bytes] = field(default_factory=dict)
    listed_bytes: dict[str, int] = field(default_factory=dict)
    cut_after: dict[str, list[int]] = field(default_factory=dict)  # bytes until the connection breaks, per request
    stall_after: dict[str, int] = field(default_factory=dict)  # bytes until nothing more comes until released
    stalled: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)
    status: dict[str, list[int]] = field(default_factory=dict)  # answers per request to a file before it is served
    token: str | None = None

    def tree(self) -> list[dict]:
        return [self._listed(path, content) for path, content in (self.files | self.listed_too).items()]

    def _listed(self, path: str, content: bytes) -> dict:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        item = {"type": "file", "path": path, "size": self.listed_bytes.get(path, len(content)), "oid": blob}
        if len(content) >= LARGE:
            sha256 = self.listed_sha256.get(path, hashlib.sha256(content).hexdigest())
            item["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        return item


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def log_message(self, *args) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.mirror.requests.append(path)
        if self.mirror.token and self.headers.get("Authorization") != f"Bearer {self.mirror.token}":
            self._json(401, {"error": "private"}, "RepoNotFound")
        elif found := API.match(path):
            self._api(found)
        elif found := FILE.match(path):
            self._file(found["path"], found["name"] == self.mirror.name and found["at"] == REVISION)
        elif found := RAW.match(path):
            self._file(found["path"], True)
        else:
            self._json(404, {"error": "no such route"})

    def _api(self, found: re.Match) -> None:
        if found["name"] != self.mirror.name:
            self._json(404, {"error": "Repository not found"}, "RepoNotFound")
        elif found["tree"] and found["at"] != REVISION:
            self._json(404, {"error": "Invalid rev id"}, "RevisionNotFound")
        elif found["tree"]:
            self._json(200, self.mirror.tree())
        else:
            self._json(200, {"id": self.mirror.name, "sha": REVISION})

    def _file(self, path: str, known: bool) -> None:
        statuses = self.mirror.status.get(path)
        if statuses:
            return self._json(statuses.pop(0), {"error": "busy"})
        if not known or path not in self.mirror.files:
            return self._json(404, {"error": "Entry not found"}, "EntryNotFound")
        content = self.mirror.files[path]
        asked = self.headers.get("Range", "")
        self.mirror.ranges.setdefault(path, []).append(asked)
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self._body(path, content[start:])
        return None

    def _body(self, path: str, content: bytes) -> None:
        if cuts := self.mirror.cut_after.get(path):
            self.wfile.write(content[: cuts.pop(0)])
            self.close_connection = True
        elif path in self.mirror.stall_after:
            self.wfile.write(content[: self.mirror.stall_after[path]])
            self.wfile.flush()
            self.mirror.stalled.set()
            self.mirror.released.wait(30)
            with suppress(ConnectionError):  # the client may have been killed meanwhile
                self.wfile.write(content[self.mirror.stall_after[path] :])
        else:
            self.wfile.write(content)

    def _json(self, status: int, content: object, code: str = "") -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def serving(mirror: Mirror) -> Iterator[Mirror]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"mirror": mirror}))
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield mirror
    finally:
        mirror.released.set()
        server.shutdown()
        server.server_close()
