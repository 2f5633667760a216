"""The judge's server from start to stop: a real ``transformers serve``, and commands that behave badly."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest
from speceyes.engines.base import EngineError
from speceyes.engines.settings import ServerSettings
from speceyes.judging.chat import JudgeError, JudgeSetup
from speceyes.judging.server import external_judge, running_judge
from speceyes.judging.settings import ClientSettings

REPOSITORY = Path(__file__).parents[2]

SERVE = ("transformers", "serve", "--host", "127.0.0.1", "--port", "{port}", "--device", "cpu", "{model}")
# Answers any chat completion; everything else is a 404.
FAKE = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": "1"}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# Starts a server as a job does, says where it is, and waits to be killed.
JOB = """
import signal, sys, time
from pathlib import Path
from speceyes.judging.chat import JudgeSetup
from speceyes.judging.server import running_judge
from speceyes.engines.settings import ServerSettings
from speceyes.judging.settings import ClientSettings
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have inherited ignoring it
asking = JudgeSetup("model", "", "Same?", ClientSettings())
with running_judge(ServerSettings.model_validate_json(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), asking) as url:
    print(url, flush=True)
    time.sleep(600)
"""


ASKING = JudgeSetup("model", "", "Same?", ClientSettings(max_tokens=4, attempts=2, backoff_s=0.01))


@pytest.fixture(scope="session")
def tiny_judge(tmp_path_factory) -> Path:
    """A Qwen2 of the miniature's shape with random weights."""
    from speceyes.training.export import export_model
    from speceyes.training.tokenizer import build_tokenizer
    from speceyes.training.train_judge import judge_model
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("judge")
    build_tokenizer(REPOSITORY / "resources/miniature/prompts", folder / "tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    export_model(judge_model(tokenizer, seed=0), tokenizer, folder / "tokenizer", folder / "model")
    return folder


def settings(*command: str, **changes) -> ServerSettings:
    given = {"command": command, "served_name": "model", "ready_timeout_s": 120.0, "stop_timeout_s": 5.0}
    return ServerSettings(**given | {"environment": {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}} | changes)


def fake(**changes) -> ServerSettings:
    return settings(sys.executable, "-c", FAKE, "{port}", **changes)


def sh(script: str, **changes) -> ServerSettings:
    return settings("sh", "-c", script, **changes)


def real(tiny_judge: Path, **changes) -> ServerSettings:
    return settings(*SERVE, **{"directory": str(tiny_judge)} | changes)


def is_open(url: str) -> bool:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes_with(mark: str) -> list[str]:
    """Command lines that hold a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def wait_until(condition, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def ask(url: str, model: str = "model") -> str:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        reply = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Same?"}], max_tokens=4, temperature=0.0
        )
    return reply.choices[0].message.content


def test_a_real_server_answers_and_is_gone_afterwards(tiny_judge, tmp_path):
    with running_judge(real(tiny_judge), "model", tmp_path / "logs" / "server.log", ASKING) as url:
        assert isinstance(ask(url), str)
        port = url.split(":")[2].split("/")[0]
        assert processes_with(f"--port {port}")
    assert not is_open(url)
    assert not processes_with(f"--port {port}")
    assert "/v1/chat/completions" in (tmp_path / "logs" / "server.log").read_text()


def test_a_model_that_is_not_served_is_one_line(tiny_judge, tmp_path):
    with (
        pytest.raises(EngineError, match=r"is judge\.server\.served_name right") as caught,
        running_judge(real(tiny_judge), "model", tmp_path / "log", dataclasses.replace(ASKING, model="another")),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_job_leaves_no_real_server(tiny_judge, tmp_path, number):
    asked = real(tiny_judge) if number == signal.SIGKILL else fake()
    job = subprocess.Popen(
        [sys.executable, "-c", JOB, asked.model_dump_json(), "model", str(tmp_path / "log")],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "workflow/scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = job.stdout.readline().strip()
    port = url.split(":")[2].split("/")[0]
    assert is_open(url)
    job.send_signal(number)
    job.wait()
    job.stdout.close()
    assert wait_until(lambda: not is_open(url) and not processes_with(f" {port}"))


def test_an_error_in_the_job_stops_the_server(tmp_path):
    with pytest.raises(ZeroDivisionError), running_judge(fake(), "model", tmp_path / "log", ASKING) as url:
        assert ask(url) == "1"
        raise ZeroDivisionError
    assert not is_open(url)


def test_a_server_that_dies_while_it_is_used_is_reported_as_dead(tmp_path):
    """Not as the lost connection that the job's own code meets."""
    output = tmp_path / "log"
    script = f'{sys.executable} -c "$0" {{port}} & echo $!; wait; echo out of memory'
    with (
        pytest.raises(EngineError, match=r"judge\.server: the server ended with code 0: out of memory; see"),
        running_judge(settings("sh", "-c", script, FAKE), "model", output, ASKING) as url,
    ):
        os.kill(int(output.read_text().split()[0]), signal.SIGKILL)
        ask(url)


def test_a_server_that_ends_is_reported_with_its_last_words(tmp_path):
    with (
        pytest.raises(EngineError, match=r"ended with code 3: no such GPU; see .*log"),
        running_judge(sh("echo loading; echo no such GPU >&2; exit 3"), "model", tmp_path / "log", ASKING),
    ):
        pass


def test_a_program_that_is_not_there(tmp_path):
    with (
        pytest.raises(EngineError, match=r"no-such-program: No such file"),
        running_judge(settings("no-such-program"), "model", tmp_path / "log", ASKING),
    ):
        pass


def test_a_stubborn_server_that_never_answers_is_killed_with_its_children(tmp_path):
    mark = f"31{os.getpid()}"  # seconds to sleep, unlike anybody else's
    script = (
        f"trap '' TERM; setsid sh -c \"trap '' TERM; sleep {mark}\" & sleep {mark} & while :; do sleep {mark}; done"
    )
    started = time.monotonic()
    with (
        pytest.raises(EngineError, match="did not answer within 1 s"),
        running_judge(sh(script, ready_timeout_s=1.0, stop_timeout_s=0.5), "model", tmp_path / "log", ASKING),
    ):
        pass
    assert time.monotonic() - started < 10
    assert not processes_with(f"sleep {mark}")


def test_a_launcher_that_ends_takes_its_server_along(tmp_path):
    mark = f"32{os.getpid()}"
    with (
        pytest.raises(EngineError, match="ended with code 0"),
        running_judge(sh(f"sleep {mark} & sleep 0.3"), "model", tmp_path / "log", ASKING),
    ):
        pass
    assert not processes_with(f"sleep {mark}")


def test_a_judge_that_runs_already_is_asked_first(tmp_path):
    with running_judge(fake(), "model", tmp_path / "log", ASKING) as url:
        with external_judge(url, ASKING) as same:
            assert same == url
        assert is_open(url)  # it is not ours to stop
    with pytest.raises(JudgeError, match=r"judge.url: .* does not answer as model"), external_judge(url, ASKING):
        pass


@pytest.mark.parametrize(
    ("status", "body", "line"),
    [
        (200, "<html>", "no requests: .*not a chat completion"),
        (400, "{}", "refuses a plain prompt"),
        (503, "", "failed 1"),
    ],
)
def test_a_server_that_is_up_but_judges_nothing_is_one_line(tmp_path, status, body, line):
    served = FAKE.replace("body = json", f"body = b{body!r}; ignored = json").replace("(200)", f"({status})")
    asked = settings(sys.executable, "-c", served, "{port}", ready_timeout_s=4.0)
    with pytest.raises(EngineError, match=line) as caught, running_judge(asked, "model", tmp_path / "log", ASKING):
        pass
    assert "\n" not in str(caught.value)


def test_the_environments_of_job_and_settings_reach_the_server(tmp_path, monkeypatch):
    monkeypatch.setenv("FROM_THE_JOB", "one")
    asked = sh('echo "$FROM_THE_JOB $FROM_THE_SETTINGS"; exit 1', environment={"FROM_THE_SETTINGS": "two"})
    with pytest.raises(EngineError, match="one two"), running_judge(asked, "model", tmp_path / "log", ASKING):
        pass
