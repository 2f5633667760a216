import logging
import os
import pty
import subprocess
import sys
import termios

from speceyes.runtime import progress
from speceyes.runtime.progress import Progress

STAGE = """
import time
from speceyes.runtime.progress import Progress
with Progress("draft vstar/direct_attributes", total=40, done=10) as progress:
    work = progress.counting(lambda batch: list(batch))
    for start in range(10, 40, 5):
        work(range(5))
        time.sleep(0.06)
"""


def test_a_log_gets_an_occasional_line_with_rate_and_remaining_time(caplog, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with caplog.at_level(logging.INFO), Progress("draft", total=6, done=2) as bar:
        assert bar.counting(lambda batch: [2 * n for n in batch])([1, 2]) == [2, 4]
        bar.advance(2)
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("draft: 2 of 6, ")
    assert lines[-1].startswith("draft: 6 of 6, ")
    assert all("samples" in line and " left" in line for line in lines)
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_where_the_end_is_not_known_none_is_claimed(caplog):
    with caplog.at_level(logging.INFO), Progress("index", total=None) as bar:
        bar.advance(7)
    last = caplog.records[-1].getMessage()
    assert last.startswith("index: 7, ")
    assert " of " not in last


def test_a_log_stays_quiet_between_lines(caplog):
    with caplog.at_level(logging.INFO), Progress("draft", total=1000) as bar:
        for _ in range(1000):
            bar.advance()
    assert len(caplog.records) <= 2


def test_a_terminal_gets_a_bar():
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", STAGE], stderr=terminal, check=True, env=environment)
    os.close(terminal)
    drawn = os.read(main, 1 << 16).decode()
    os.close(main)
    assert "\r" in drawn
    assert "40/40" in drawn
    assert "samples/s" in drawn
