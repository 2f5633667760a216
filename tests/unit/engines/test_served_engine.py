"""The HTTP engine against a real local server that answers with a tiny real model."""

import base64
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from speceyes.engines.base import EngineError, Message, Request
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.served import ServedSettings
from speceyes.engines.served_engine import ServedEngine
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import ImageSettings

IMAGE = ImageSettings(factor=28, max_pixels=112 * 112)
END = "<|im_end|>"
OPENS = {(True, False): "auto", (False, True): "reply", (False, False): "nothing"}


def parse(body: dict) -> Request:
    messages = []
    for message in body["messages"]:
        parts = []
        for part in message["content"]:
            if part["type"] == "text":
                parts.append(part["text"])
            else:
                data = base64.b64decode(part["image_url"]["url"].removeprefix("data:image/png;base64,"))
                parts.append(Image.open(io.BytesIO(data)))
        messages.append(Message(message["role"], tuple(parts)))
    assert body["temperature"] == 0.0
    return Request(
        tuple(messages),
        body["max_tokens"],
        tuple(body.get("stop") or ()),
        body["top_logprobs"] or 1,
        OPENS[body["continue_final_message"], body["add_generation_prompt"]],
        body["ignore_eos"],
    )


def entry(token: str, logprobs) -> dict:
    top = [{"token": "?", "logprob": float(value), "bytes": None} for value in logprobs]
    return {"token": token, "logprob": top[0]["logprob"], "bytes": None, "top_logprobs": top[::-1]}


def reply(generation, body: dict, widest: int) -> dict:
    """The completion as vLLM words it: end-of-text among the tokens, the stop string as stop_reason."""
    stopped = generation.stop_reason == "stop_string"
    entries = [
        entry(token, row[:widest]) for token, row in zip(generation.tokens, generation.top_logprobs, strict=True)
    ]
    ids = list(generation.token_ids)
    if generation.stop_reason == "end_of_text":
        entries.append(entry(END, [0.0] * max(1, min(widest, body["top_logprobs"]))))
        ids.append(0)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": generation.text},
        "finish_reason": "length" if generation.stop_reason == "length" else "stop",
        "stop_reason": next((s for s in body["stop"] if generation.text.endswith(s)), None) if stopped else None,
        "token_ids": ids,
        "logprobs": {"content": entries},
    }
    usage = {"prompt_tokens": generation.prompt_tokens, "completion_tokens": len(ids), "total_tokens": 0}
    completion = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "usage": usage}
    return completion | {"choices": [choice]}


class Server(ThreadingHTTPServer):
    def __init__(self, model: TransformersEngine) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.model = model
        self.lock = threading.Lock()
        self.widest = 1000
        self.failures: list[int] = []
        self.without_logprobs = False
        self.spoil = lambda choice: None
        self.delay = 0.0
        self.most_at_once = self.now = 0
        self.counting = threading.Lock()
        self.keys: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_) -> None: ...

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.append(self.headers["Authorization"])
        with self.server.counting:
            self.server.now += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.now)
        time.sleep(self.server.delay)
        with self.server.counting:  # before the answer: after it the client may ask again at once
            self.server.now -= 1
        self._answer(body)

    def _answer(self, body: dict) -> None:
        with self.server.lock:
            if self.server.failures:
                return self._send(self.server.failures.pop(), {"error": {"message": "try later"}})
            if body["model"] != "tiny":
                return self._send(404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
            answer = reply(self.server.model.generate([parse(body)])[0], body, self.server.widest)
        if self.server.without_logprobs:
            answer["choices"][0]["logprobs"] = None
        self.server.spoil(answer["choices"][0])
        return self._send(200, answer)

    def _send(self, status: int, answer: dict) -> None:
        self._send_bytes(status, json.dumps(answer).encode())

    def _send_bytes(self, status: int, payload: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@pytest.fixture(scope="module")
def local(tiny_qwen25_vl):
    return TransformersEngine(tiny_qwen25_vl, TransformersSettings(dtype="float32", device="cpu", image=IMAGE))


@pytest.fixture
def server(local):
    server = Server(local)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def engine(server, served_name="tiny", **more) -> ServedEngine:
    return engine_at(f"http://127.0.0.1:{server.server_port}/v1", served_name=served_name, **more)


def engine_at(url: str, **more) -> ServedEngine:
    return ServedEngine(url, "a key", ServedSettings(**{"url": url, "image": IMAGE, "timeout_s": 30} | more))


def ask(*parts, stop=(), tokens=10, top_k=5) -> Request:
    return Request((Message("system", ("Look.",)), Message("user", parts)), tokens, stop, top_k)


def test_same_answers_as_the_same_model_in_process(server, local):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (150, 90, 3), dtype=np.uint8))
    first = local.generate([ask(noise, "the star")])[0]
    stop = first.text[4:6]
    opened = Message("assistant", ("<code>x</code>", "<|im_end|>", noise))
    requests = [
        ask(noise, "the star"),
        ask(noise, "the star", stop=(stop,)),
        ask("the red <|im_start|>star", tokens=3, top_k=0),
        Request((*ask(noise, "the star").messages, opened), 6, top_k=2),
        Request((*ask(noise, "the star").messages, opened), 6, top_k=2, opens="reply"),
        Request(ask(noise, "the star").messages, 6, top_k=2, opens="nothing", ignore_end_of_text=True),
    ]
    expected = local.generate(requests)
    actual = engine(server).generate(requests)
    assert expected[1].stop_reason == "stop_string"
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.text == theirs.text
        assert ours.tokens == theirs.tokens
        assert ours.token_ids == theirs.token_ids
        assert ours.prompt_tokens == theirs.prompt_tokens
        assert ours.stop_reason == theirs.stop_reason
        assert (ours.top_logprobs is None) == (theirs.top_logprobs is None)
        if theirs.top_logprobs is not None:
            np.testing.assert_allclose(ours.top_logprobs, theirs.top_logprobs, atol=1e-4)


def test_end_of_text_is_not_a_token_of_the_answer(server, local, monkeypatch):
    whole = local.generate([ask("the star")])[0]
    monkeypatch.setattr(local, "_end_of_text", (whole.token_ids[3],))
    ended, empty = (
        engine(server).generate([request])[0]
        for request in (
            ask("the star"),
            Request(
                (*ask("the star").messages, Message("assistant", (local.codec.decode(whole.token_ids[:3]),))),
                5,
                top_k=5,
            ),
        )
    )
    length = whole.token_ids.index(whole.token_ids[3])
    assert (ended.tokens, ended.stop_reason) == (whole.tokens[:length], "end_of_text")
    assert ended.top_logprobs.shape == (length, 5)
    assert (empty.text, empty.tokens, empty.token_ids, empty.top_logprobs.shape) == ("", (), (), (0, 5))


def test_a_busy_server_is_asked_again(server):
    server.failures = [503, 429]
    assert engine(server).generate([ask("the star")])[0].tokens
    assert not server.failures


def test_errors_name_the_server_and_the_remedy(server):
    with pytest.raises(EngineError, match=r"model other: .*does not exist"):
        engine(server, served_name="other").generate([ask("the")])
    server.widest = 3
    with pytest.raises(EngineError, match=r"asked for 5 log-probabilities per token, got 3; .*--max-logprobs 5"):
        engine(server).generate([ask("the")])
    server.without_logprobs = True
    with pytest.raises(EngineError, match=r"choices\.0\.logprobs: .*; the server must return token ids and log-prob"):
        engine(server).generate([ask("the")])


@pytest.mark.parametrize(
    "payload", [b"<html>proxy</html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": 7}]}']
)
def test_a_reply_that_is_no_completion_is_one_clear_error(server, monkeypatch, payload):
    monkeypatch.setattr(Handler, "do_POST", lambda handler: handler._send_bytes(200, payload))
    with pytest.raises(EngineError, match=r"http://127\.0\.0\.1:\d+/v1, model tiny: \w+"):
        engine(server).generate([ask("the")])


def test_a_server_that_is_not_there_is_one_clear_error():
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9/v1, model tiny: Connection error"):
        engine_at("http://127.0.0.1:9/v1", served_name="tiny", retries=0).generate([ask("the")])


def test_no_requests_no_generations():
    assert engine_at("http://127.0.0.1:9/v1").generate([]) == []


def test_no_more_requests_at_once_than_allowed(server):
    server.delay = 0.05
    answers = engine(server, concurrency=2).generate([ask("the star", tokens=1)] * 7)
    assert len(answers) == 7
    assert server.most_at_once == 2


def test_the_key_goes_with_every_request(server):
    engine(server).generate([ask("the")])
    assert server.keys == ["Bearer a key"]


# What a server may do to the rows that a confidence is computed from; each would change it without a word.
SPOILED = {
    "a clamped value": (lambda choice: top(choice)[1].update(logprob=-9999.0), "--logprobs-mode raw_logprobs"),
    "a null": (lambda choice: top(choice)[2].update(logprob=None), "not finite; start the server with another --dtype"),
    "a truncated row": (lambda choice: top(choice).pop(), "--max-logprobs 5"),
    "an empty row": (lambda choice: top(choice).clear(), "--max-logprobs 5"),
    "a missing row": (lambda choice: choice["logprobs"]["content"].pop(), "merge or hide tokens"),
    "a missing id": (lambda choice: choice["token_ids"].pop(), "merge or hide tokens"),
    "no ids": (lambda choice: choice.pop("token_ids"), "must return token ids"),
    "ids of nothing": (lambda choice: choice.update(token_ids=None), "must return token ids"),
    "a text for a number": (lambda choice: top(choice)[0].update(logprob="high"), "log-probabilities, as vLLM does"),
    "an end without its token": (lambda choice: choice.update(finish_reason="stop"), "not an end of text"),
    "another end than named": (
        lambda choice: choice.update(finish_reason="stop", stop_reason=10**6),
        "not an end of text",
    ),
}


def top(choice: dict) -> list[dict]:
    return choice["logprobs"]["content"][0]["top_logprobs"]


@pytest.mark.parametrize("kind", SPOILED)
def test_log_probabilities_are_exact_or_an_error_that_says_what_to_start_the_server_with(server, kind):
    server.spoil, remedy = SPOILED[kind]
    with pytest.raises(EngineError, match=remedy) as caught:
        engine(server).generate([ask("the star", tokens=4)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shown", [END, "", "<|endoftext|>"])
def test_the_end_of_text_is_no_token_of_an_answer_whose_pieces_do_not_add_up(server, shown):
    """A character of several tokens: pieces of it are shown as replacement characters, whole text as it is."""

    def spoil(choice):
        content = choice["logprobs"]["content"]
        for entry, token in zip(content, ("\ufffd", "\ufffd", "", shown), strict=True):
            entry["token"] = token
        choice["message"]["content"] = "漢"
        choice["finish_reason"] = "stop"

    server.spoil = spoil
    answer = engine(server).generate([ask("the star", tokens=4)])[0]
    assert (answer.text, len(answer.tokens), len(answer.token_ids)) == ("漢", 3, 3)
    assert answer.top_logprobs.shape == (3, 5)
    assert answer.stop_reason == "end_of_text"


def test_an_end_of_text_that_the_server_names_is_no_token_of_the_answer(server):
    server.spoil = lambda choice: choice.update(finish_reason="stop", stop_reason=choice["token_ids"][-1])
    answer = engine(server).generate([ask("the star", tokens=4)])[0]
    assert len(answer.tokens) == len(answer.top_logprobs) == 3
