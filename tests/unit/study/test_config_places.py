"""Folders, addresses and sources that a configuration names."""

from __future__ import annotations

import pytest
from configurations import complaint, put
from speceyes.study.config import load_config


@pytest.mark.parametrize(
    "url",
    ["not a url", "", "judge.example:8000/v1", "ftp://judge/v1", "http://", "http:///v1", "http://h:99999/v1",
     "http://h:x/v1", "http://h/v 1", "http://[::1/v1", "http://h/\x1b[31m"],
)  # fmt: skip
def test_the_judges_address_is_one(raw, url):
    assert complaint(put(raw, "judge.url", url)).startswith("config: judge.url: ")


@pytest.mark.parametrize("url", ["http://me:secret@judge.example/v1", "https://token@judge.example", "http://@h/v1"])
def test_an_address_holds_no_password(raw, url):
    assert "keys come from the environment" in complaint(put(raw, "judge.url", url))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("environment", {name: "1"}) for name in ("", "A=B", "A\0", "1A", "A B")],
        ("environment", {"A": "x\0y"}),
        ("command", ["serve", "{port}", "a\0b"]),
        ("directory", "a\0b"),
    ],
)
def test_a_server_that_no_process_can_be_started_for_is_refused_before_any_job(raw, key, value):
    assert complaint(put(raw, f"judge.server.{key}", value)).startswith(f"config: judge.server.{key}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "https://judge.example/v1/", "http://[::1]:8000/v1"])
def test_an_address_of_a_server_is_taken(raw, url):
    assert load_config(put(raw, "judge.url", url)).judge.url == url


@pytest.mark.parametrize("command", [["vllm", "serve"], ["sh", "-c", "serve --port $PORT"], ["serve", "{prt}"]])
def test_a_server_that_is_not_told_its_port_is_refused(raw, command):
    assert complaint(put(raw, "judge.server.command", command)).startswith("config: judge: server.command: {port} is ")
    raw["judge"]["url"] = "http://127.0.0.1:8000/v1"
    assert load_config(raw).judge.url


@pytest.mark.parametrize("key", ["models.draft.path", "benchmarks.vstar.path", "prompts"])
def test_folders_are_folders(raw, tmp_path, key):
    (tmp_path / "file").touch()
    assert complaint(put(raw, key, str(tmp_path / "file"))).startswith(
        f"config: {key}: is a file, must be a folder, got"
    )
    for unusable in ("", " ", "~/models", "/models/{name}", "a\0b", "a\nb"):
        assert complaint(put(raw, key, unusable)).startswith(f"config: {key}: must name a folder; ")
    assert load_config(put(raw, key, str(tmp_path / "to come")))


@pytest.mark.parametrize(
    "source", ["", "name", "a/b/c", "../x", "https://hub.example/a/b", "a b/c", "a/{b}", "\x1b[31m/x"]
)
@pytest.mark.parametrize("key", ["models.draft.source", "benchmarks.vstar.source"])
def test_a_source_is_an_id_of_the_hub(raw, key, source):
    assert complaint(put(raw, key, source)).startswith(f"config: {key}: String should match pattern")


@pytest.mark.parametrize("revision", ["", "main", "v1.0", "8964489", "G" * 40, "../x"])
def test_a_revision_is_a_commit(raw, revision):
    assert complaint(put(raw, "models.draft.revision", revision)).startswith(
        "config: models.draft.revision: String should match pattern"
    )
