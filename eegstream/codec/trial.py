"""Try out a bundle that nothing vouches for: load and verify it in a process of its own, under limits.

The bytes go in by a pipe, and one line of JSON comes out. On POSIX the process can open nothing after its imports:
no file, no socket; and memory and processor time are limited. Elsewhere only the time is.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

from eegstream.errors import BundleError

MOST_SECONDS = 100
"""Of wall clock, and of processor time."""
MOST_MEMORY_BYTES = 2 * 1024**3
"""Beyond what the process has after its imports, and four times the bundle."""


@dataclass(frozen=True)
class Trial:
    """How closely the process reproduced the golden vectors, on the CPU."""

    agreement: float
    decode_error: float


def try_out(content: bytes, name: str) -> Trial:
    """Load and verify the bytes of a bundle in a process of its own; `name` names it in errors.

    Raises:
        BundleError: it does not load or verify, or exceeds a limit.
    """
    command = [sys.executable, "-P", "-m", "eegstream.codec.trial_process", name]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MOST_SECONDS,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise BundleError(f"{name} did not verify within {MOST_SECONDS} s", "Do not use it") from None
    except OSError as error:
        raise BundleError(f"{name} cannot be tried out ({error.strerror})", "Give its --model-sha256") from None
    return _understood(done.stdout, done.returncode, name)


def _understood(said: bytes, code: int, name: str) -> Trial:
    try:
        answer = json.loads(said)
        if "refused" in answer:
            raise BundleError(str(answer["refused"]), str(answer["remedy"]))
        return Trial(float(answer["agreement"]), float(answer["decode_error"]))
    except (ValueError, KeyError, TypeError):
        pass
    how = f"exit code {code}"
    if code < 0:
        how = signal.strsignal(-code) or f"signal {-code}"
    raise BundleError(
        f"{name} ended the process that tried it out ({how}): too much memory or time, or a crash", "Do not use it"
    )
