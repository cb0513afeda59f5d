"""The process of `trial`: `python -m eegstream.codec.trial_process NAME < BUNDLE`; answers with one line of JSON."""

import codecs
import hashlib
import json
import os
import sys
from pathlib import Path

import torch

from eegstream.codec import torchscript
from eegstream.codec.bundle import load_bytes
from eegstream.codec.engine import Engine
from eegstream.codec.trial import MOST_MEMORY_BYTES, MOST_SECONDS
from eegstream.codec.trust import Standing
from eegstream.errors import EegstreamError


class _Nothing(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


def main() -> None:
    """Answer whether the bundle on standard input loads and verifies."""
    content, answer_to = sys.stdin.buffer.read(), _keep_stdout()
    _import_what_comes_late()
    _limit(4 * len(content))
    answer: dict[str, object]
    try:
        bundle = load_bytes(content, Path(sys.argv[1]), hashlib.sha256(content).hexdigest(), Standing("unsigned"))
        report = Engine(bundle, torch.device("cpu")).report
        answer = {"agreement": report.agreement, "decode_error": report.decode_error}
    except EegstreamError as error:
        answer = {"refused": error.message, "remedy": error.remedy}
    except MemoryError:
        answer = {"refused": f"{sys.argv[1]} needs too much memory", "remedy": "Do not use it"}
    os.write(answer_to, json.dumps(answer).encode())
    os._exit(0)


def _keep_stdout() -> int:
    """A descriptor of the answer; what else writes to standard output goes nowhere from now on."""
    answer_to = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return answer_to


def _import_what_comes_late() -> None:
    """Python and PyTorch import some modules when they are needed; then no file can be opened any more."""
    for name in ("cp437", "ascii", "latin-1", "utf-8"):
        codecs.lookup(name)
    module = torchscript.script(_Nothing())
    with torch.inference_mode(), torchscript.without_fusion():
        module(torch.zeros(1))


def _limit(bundle_bytes: int) -> None:
    """Allow no new descriptor, no byte in a file, and bounded memory and time, where the system can."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - POSIX only

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        memory = pages * resource.getpagesize() + MOST_MEMORY_BYTES + bundle_bytes
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (OSError, ValueError):
        pass  # no Linux: the time limit and the archive's limits remain
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


if __name__ == "__main__":
    main()
