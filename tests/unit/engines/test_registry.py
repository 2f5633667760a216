"""Engines by the name that a configuration gives them."""

import gc
import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext, suppress

import pytest
from scripted import ScriptedEngine
from speceyes.engines.base import EngineError, Place
from speceyes.engines.registry import class_path, load_engine_type, open_engine
from speceyes.engines.settings import EngineSettings
from speceyes.study.config.models import ModelConfig


class EchoSettings(EngineSettings):
    word: str


class Echo:
    """An engine of a package of one's own."""

    Settings = EchoSettings

    @staticmethod
    @contextmanager
    def open(settings, place):
        yield ScriptedEngine(f"{settings.word} {place.model.name} {place.gpus}")


class NoSettings:
    Settings = dict
    open = staticmethod(nullcontext)


def model(**engine) -> ModelConfig:
    return ModelConfig.model_validate({"path": "models/tiny", "engine": engine})


def test_a_model_without_a_type_runs_in_process():
    assert model(dtype="float32").engine.type == ModelConfig(path="p").engine.type == "transformers"


def test_settings_survive_the_way_to_a_job_whatever_the_engine(tmp_path):
    settings = model(type=f"{__name__}:Echo", word="hello").engine.model_dump(mode="json")
    with open_engine(settings, Place(tmp_path / "tiny", 2, tmp_path / "log")) as engine:
        assert engine.generate([None])[0].text == "hello tiny 2"


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"type": "vlm"}, r"type: 'vlm' is not among transformers, server; another engine .* package\.module:Class"),
        ({"type": "no.such:Engine"}, "engine type .*no.such:Engine.*: No module named"),
        ({"type": f"{__name__}:Absent"}, "engine type .*Absent"),
        ({"type": f"{__name__}:EchoSettings"}, "EchoSettings has no Settings"),
        ({"type": f"{__name__}:NoSettings"}, "its Settings do not derive from EngineSettings"),
        ({"type": f"{__name__}:Echo", "wrd": "x"}, r"word: Field required"),
        ({"type": f"{__name__}:Echo", "word": "x", "wrd": "x"}, r"wrd: unknown key \(did you mean word\?\)"),
        ({"dtyp": "float32"}, r"dtyp: unknown key \(did you mean dtype\?\); known are "),
        ({"url": "http://gpu1:8000/v1"}, "url: unknown key"),
        ({"type": "server", "device": "cpu"}, "device: unknown key"),
        ({"type": "server", "concurrency": 0}, "concurrency: Input should be greater than 0, got 0"),
        ({"type": "server", "command": ["vllm", "serve"]}, r"command: \{port\} is missing"),
        ({"type": "server", "command": []}, "command: "),
        ({"type": 7}, "type: '7' is not among"),
    ],
)
def test_a_wrong_engine_is_one_line_before_any_job_runs(engine, message):
    with pytest.raises(ValueError, match=message):
        model(**engine)


def test_an_engine_that_is_no_map_is_refused():
    with pytest.raises(ValueError, match="must be a map of keys"):
        ModelConfig.model_validate({"path": "p", "engine": "server"})


def test_gpus_are_held_by_what_uses_them():
    held = {
        "cpu": model(device="cpu"),
        "cuda": model(),
        "spread": model(device="cpu", device_map="balanced"),
        "started": model(type="server"),
        "elsewhere": model(type="server", url="http://gpu1:8000/v1"),
    }
    assert {name for name, found in held.items() if found.engine.uses_gpus} == {"cuda", "spread", "started"}
    assert {name for name, found in held.items() if not found.engine.reads_weights} == {"elsewhere"}


def test_several_gpus_need_an_engine_that_can_use_them():
    with pytest.raises(ValueError, match=r"gpus: 2 are of no use without engine\.device_map"):
        ModelConfig(path="p", gpus=2)
    assert ModelConfig.model_validate({"path": "p", "gpus": 2, "engine": {"type": "server"}}).gpus == 2


def test_reading_the_configuration_loads_neither_torch_nor_a_client():
    """A plan of ten thousand jobs must not wait for them."""
    code = (
        "import sys; from speceyes.engines.registry import SHORT_NAMES, load_engine_type\n"
        "for name in SHORT_NAMES: load_engine_type(name)\n"
        "print({'torch', 'transformers', 'openai'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "set()\n"


def test_a_class_path_is_what_a_fingerprint_follows():
    assert class_path("my.engines:Fast") == "my.engines:Fast"
    assert load_engine_type("server").__module__ == class_path("server").partition(":")[0]


def test_a_server_that_is_not_there_stops_the_job_in_one_line(tmp_path):
    settings = model(type="server", url="http://127.0.0.1:9/v1", served_name="tiny").engine.model_dump(mode="json")
    with (
        pytest.raises(EngineError, match=r"engine\.url: http://127\.0\.0\.1:9/v1 does not answer: "),
        open_engine(settings, Place(tmp_path, 0, tmp_path / "log")),
    ):
        pass


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"device": "no such device"}])
def test_garbage_is_collected_again_once_a_model_is_loaded_or_cannot_be(tiny_qwen25_vl, tmp_path, settings):
    with suppress(EngineError), open_engine({"type": "transformers"} | settings, Place(tiny_qwen25_vl, 0, tmp_path)):
        assert gc.isenabled()
    assert gc.isenabled()
