"""Addresses and keys of servers."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError
from speceyes.engines.access import KeyMissingError, Url, api_key
from speceyes.engines.base import Place
from speceyes.engines.registry import open_engine
from speceyes.study.config.errors import explanation
from speceyes.study.config.models import ModelConfig

BAD = (
    "",
    "localhost:8000/v1",
    "gpu1",
    "http://",
    "ftp://gpu1/v1",
    "http://gpu1:port/v1",
    "http://gpu1:99999",
    "http://gpu1:0",
)
BAD += ("http://[::1/v1", "http://gpu 1:8000/v1", "http://gpu1/v1\n", "file:///models")


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_of_a_server_is_refused_with_the_key_that_holds_it(url):
    with pytest.raises(ValidationError) as caught:
        ModelConfig.model_validate({"path": "models/tiny", "engine": {"type": "server", "url": url}})
    line = explanation(caught.value, ModelConfig)
    assert line.startswith("engine")
    assert "url: must be the address of a server, such as http://127.0.0.1:8000/v1" in line
    assert "\n" not in line


@pytest.mark.parametrize("url", ["http://gpu1:8000/v1", "https://models.example/v1", "http://[::1]:8000/v1"])
def test_addresses_of_servers_are_taken(url):
    assert TypeAdapter(Url).validate_python(url) == url


def test_a_key_that_is_named_but_not_set_stops_before_the_server_is_asked(monkeypatch, tmp_path):
    monkeypatch.delenv("MY_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "another's")
    engine = {"type": "server", "url": "http://127.0.0.1:9/v1", "api_key_variable": "MY_KEY"}
    place = Place(tmp_path, 0, tmp_path / "log")
    line = r"^engine\.api_key_variable: the environment variable MY_KEY is not set$"
    with pytest.raises(KeyMissingError, match=line), open_engine(engine, place):
        pass
    with pytest.raises(KeyMissingError, match=line):
        ModelConfig.model_validate({"path": "models/tiny", "engine": engine}).engine.check_environment()


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(value, monkeypatch):
    monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(KeyMissingError) as caught:
        api_key("MY_KEY", "engine.api_key_variable")
    assert "MY_KEY" in str(caught.value)
    assert not value.strip() or value not in str(caught.value)


def test_without_a_named_variable_the_usual_one_is_sent_where_it_is_set(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " secret ")
    assert api_key(None, "x") == "secret"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert api_key(None, "x") == "none"


def test_an_engine_without_a_server_needs_nothing_of_the_environment():
    ModelConfig.model_validate({"path": "models/tiny"}).engine.check_environment()
