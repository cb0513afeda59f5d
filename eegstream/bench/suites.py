"""The measurements of `eegstream bench`, each in processes of its own."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from eegstream.bench import capacity, live, programs
from eegstream.bench.encoder import Encoding, measure_encoder
from eegstream.bench.live import LiveResult, Load
from eegstream.bench.programs import Program
from eegstream.codec.trust import Trust
from eegstream.lsl.loopback import private_configuration
from eegstream.own_processes import own_daemon, trust_arguments

_ROUNDS = 5
_OFFLINE_CHANNELS, _OFFLINE_RATE_HZ = 64, 500
_ENCODER_S = 2.0

_READY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "eegstream", "run", "--bind", "tcp://127.0.0.1:*", "--device", "cpu"],
                         stderr=subprocess.PIPE, encoding="utf-8")
for line in child.stderr:
    if "ready:" in line:
        break
else:
    sys.exit("the daemon was never ready")
child.kill()
child.wait()
"""


def start() -> list[Program]:
    """Starting a command, a client, and a daemon until it is ready."""
    return [
        programs.measure_program("eegstream --help", ["-m", "eegstream", "--help"], _ROUNDS),
        programs.measure_program("eegstream model list", ["-m", "eegstream", "model", "list"], _ROUNDS),
        programs.measure_program("import eegstream.client", ["-c", "import eegstream.client"], _ROUNDS),
        programs.measure_program("eegstream run, until ready", ["-c", _READY], _ROUNDS),
    ]


def offline(model: str, trust: Trust, seconds: int) -> Program:
    """`eegstream encode` of a synthetic recording of 64 channels at 500 Hz, all in."""
    recording = f"synthetic:rate={_OFFLINE_RATE_HZ},channels={_OFFLINE_CHANNELS},seconds={seconds}"
    with TemporaryDirectory(prefix="eegstream-") as folder:
        output = str(Path(folder) / "codes.mcap")
        arguments = ["-m", "eegstream", "encode", recording, "-o", output, "--model", model]
        what = f"eegstream encode, {seconds} s"
        return programs.measure_program(what, [*arguments, *trust_arguments(trust)], 1)


def encoder(model: str, device: str, trust: Trust) -> list[Encoding]:
    """The model alone."""
    return measure_encoder(model, device, trust, _ENCODER_S)


def latency(model: str, device: str, trust: Trust, load: Load) -> LiveResult:
    """One daemon under one load."""
    with private_configuration() as configuration:
        options = ("--select", "name=bench-*", "--max-streams", str(load.streams))
        with own_daemon(configuration, model, trust, *options, device=device) as (daemon, url):
            return live.run("bench", load, url, daemon.pid, os.environ | {"LSLAPICFG": str(configuration)})


def streams(
    model: str, device: str, trust: Trust, load: Load, most: int, show: Callable[[LiveResult], object]
) -> list[LiveResult]:
    """More and more streams of a load, until a daemon does not carry them."""

    def measure(count: int) -> LiveResult:
        return latency(model, device, trust, Load(count, load.channels, load.rate_hz, load.chunk, load.seconds))

    return capacity.steps(most, measure, show)
