"""What every rule's script does around its work: logging, one-line errors, a GPU lease, ending when Snakemake ends."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from speceyes.border import plain
from speceyes.runtime.gpu_lease import lease
from speceyes.runtime.snakemakes import end_with_snakemake

LONGEST_LINE = 1000
BEGUN, ENDED = "the job has begun", "the job has ended"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@contextlib.contextmanager
def job(log_path: str, gpus: int = 0) -> Iterator[None]:
    """Run a script's body: everything goes to the rule's log, a failure also as one line to the terminal.

    The log says when each job began and ended, so that it can be told which ran at the same time.

    Args:
        log_path: the rule's log file.
        gpus: devices to lease for the duration.
    """
    Path(log_path).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log_path, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    # A log that the disk does not take is no reason to fill the terminal with tracebacks.
    logging.raiseExceptions = False
    logging.getLogger("httpx").setLevel(logging.WARNING)
    end_with_snakemake()
    logging.info(BEGUN)
    try:
        with lease(gpus):
            yield
    except Exception as error:
        logging.error("%s", traceback.format_exc())
        line = plain(str(error).strip().partition("\n")[0], LONGEST_LINE) or type(error).__name__
        sys.stderr.write(f"\nspeceyes: {type(error).__name__}: {line}\n          details: {log_path}\n")
        sys.exit(1)
    finally:
        logging.info(ENDED)
        # All that is left ends with the process: on its way out Python would search it for garbage once more, three
        # quarters of a second where torch was imported.
        gc.freeze()


def use_threads(count: int) -> None:
    """Bound the threads of numerical libraries; only those that are imported afterwards read it, torch among them."""
    os.environ |= dict.fromkeys(THREADS, str(count))
