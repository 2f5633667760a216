"""The agent that calls functions, through the served engine, against a real HTTP server."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from function_server import ANSWER, function_server
from guide import BLOCKS
from PIL import Image
from scripted import sample, store_picture
from speceyes.agents.function_caller import FunctionCaller
from speceyes.agents.run import answer
from speceyes.engines.served import ServedSettings
from speceyes.engines.served_engine import ServedEngine
from speceyes.images import Pictures


@contextmanager
def asked(tmp_path, arguments, **settings):
    """The record of one sample, and the bodies of the requests that the server got."""
    (tmp_path / "caller.yaml").write_text(BLOCKS["caller.yaml"])
    store_picture(tmp_path / "images")
    agent = FunctionCaller(tmp_path / "caller.yaml", settings, tmp_path / "media")
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    with (
        function_server(written) as server,
        ServedEngine(server.url, "none", ServedSettings(url=server.url, retries=0)) as engine,
    ):
        yield answer(engine, agent, sample(), Pictures(tmp_path / "images")), server.bodies


def test_a_call_is_answered_with_the_crop_in_the_forms_of_function_calling(tmp_path):
    with asked(tmp_path, {"bbox_2d": [0, 0, 112, 56], "label": "cup"}) as (record, (first, second)):
        assert (record.status, record.answer, record.tool_calls) == ("ok", "A", 1)
        assert (record.turns[0].tool.status, record.turns[1].text) == ("ok", ANSWER)
        with Image.open(tmp_path / "media" / record.turns[0].tool.images[0]) as crop:
            assert crop.size == record.turns[0].tool.box[2:]
        (tool,) = first["tools"]
        assert tool["function"]["name"] == "image_zoom_in_tool"
        assert "in a picture of 560 x 280" in tool["function"]["parameters"]["properties"]["bbox_2d"]["description"]
        called, told, shown = second["messages"][-3:]
        (call,) = called["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"bbox_2d": [0, 0, 112, 56], "label": "cup"}
        assert (told["role"], told["tool_call_id"]) == ("tool", call["id"])
        assert [part["type"] for part in shown["content"]] == ["image_url"]


def test_boxes_may_be_thousandths_of_the_picture(tmp_path):
    with asked(tmp_path, {"bbox_2d": [500, 0, 1000, 500]}, boxes="thousandths") as (record, (first, _)):
        assert record.turns[0].tool.box == (280, 0, 560, 140)
        assert "1000 x 1000" in json.dumps(first["tools"])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("not json", "malformed"),
        ("[" * 5000, "malformed"),
        ({"bbox_2d": [0, 0, 9]}, "malformed"),
        ({}, "malformed"),
        ({"bbox_2d": [50, 50, 10, 10]}, "box_degenerate"),
        ({"bbox_2d": [5000, 0, 5100, 90]}, "box_outside"),
    ],
)
def test_a_call_that_cannot_be_run_is_answered_by_what_is_wrong_with_it(tmp_path, arguments, status):
    with asked(tmp_path, arguments) as (record, (_, second)):
        assert (record.status, record.answer, record.turns[0].tool.status) == ("ok", "A", status)
        assert second["messages"][-1]["role"] == "tool"
        assert second["messages"][-1]["content"].startswith("Error: ")


def test_a_model_that_only_calls_ends_without_an_answer(tmp_path):
    with asked(tmp_path, {"bbox_2d": [0, 0, 112, 56]}, max_generations=1) as (record, bodies):
        assert (record.status, len(record.turns), len(bodies)) == ("no_answer", 1, 1)


def test_in_process_models_say_that_a_server_is_needed(tmp_path, tiny_qwen25_vl):
    from speceyes.agents.base import Task
    from speceyes.engines.base import EngineError
    from speceyes.engines.in_process import TransformersSettings
    from speceyes.engines.transformers_engine import TransformersEngine

    (tmp_path / "caller.yaml").write_text(BLOCKS["caller.yaml"])
    agent = FunctionCaller(tmp_path / "caller.yaml", {}, tmp_path / "media")
    request = next(agent.episode(Task(sample(), Image.new("RGB", (56, 28)), tmp_path)))
    engine = TransformersEngine(tiny_qwen25_vl, TransformersSettings(device="cpu"))
    with pytest.raises(EngineError, match=r"functions are called through servers alone: set engine\.type to server"):
        engine.generate([request])
