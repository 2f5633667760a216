"""Every request to a judge has an end and a greatest size, whatever the server does."""

import gzip
import time

import pytest
from fake_judge import FAST, FakeJudge, client
from speceyes.judging.chat import LARGEST_BODY, JudgeError


def dripping(head, drop):
    """A handler that sends a head at once, then one drop after the other, for ten seconds."""

    def answer(handler):
        handler.wfile.write(head)
        for number in range(200):
            handler.wfile.write(drop(number))
            time.sleep(0.05)

    return answer


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"

dripping_body = dripping(JSON, lambda _: b" ")
dripping_headers = dripping(b"HTTP/1.1 200 OK\r\n", lambda number: b"X-%d: y\r\n" % number)
slow_chunks = dripping(CHUNKED, lambda _: b"1\r\n \r\n")
dripping_error = dripping(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n", lambda _: b" ")


def endless_chunks(handler):
    handler.wfile.write(CHUNKED)
    while True:
        handler.wfile.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


def short_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}")


def no_http(handler):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def large(status):
    return lambda handler: handler.send(status, b" " * (60 << 20))


def compressed(handler):
    handler.send(200, gzip.compress(b" " * (8 << 20), 1), {"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (dripping_body, "no whole answer in judge.client.timeout_s"),
        (dripping_headers, "no whole answer in judge.client.timeout_s"),
        (slow_chunks, "no whole answer in judge.client.timeout_s"),
        (dripping_error, "no whole answer in judge.client.timeout_s"),
        (endless_chunks, f"larger than {LARGEST_BODY:,} bytes"),
        (large(200), f"larger than {LARGEST_BODY:,} bytes"),
        (large(500), f"larger than {LARGEST_BODY:,} bytes"),
        (compressed, "compressed"),
        (short_body, "failed 2 times"),
        (no_http, "failed 2 times"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_request_has_an_end_and_a_greatest_size(cache, answer, line):
    impatient = FAST.model_copy(update={"timeout_s": 0.4, "attempts": 2})
    with client(FakeJudge(lambda prompt, times: answer), cache, impatient) as asking:
        started = time.monotonic()
        with pytest.raises(JudgeError, match=line) as caught:
            asking.replies(["a"])
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 5
