"""What README.md shows works as it stands there."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq

from benchmarks import results
from eegstream.cli import COMMANDS
from eegstream.codec.bundle import load
from eegstream.files.codes import write_codes
from eegstream.wire.messages import Message
from tests.identity_bundle import digest, load_own, manifest, write_bundle
from tests.markdown import ROOT, fenced, section, tables, words
from tests.shipped import NEWEST
from tests.wire.examples import CODES, END, GAP, SPEC, STATE

README = (ROOT / "README.md").read_text(encoding="utf-8")
PLAIN, WITH_CLIENT = fenced(section(README, "### A subscriber"), "python")
(FROM_PYTHON,) = fenced(section(README, "## From Python"), "python")
ADDRESS = "tcp://127.0.0.1:5571"
PATIENCE_MS = 30_000


@contextmanager
def _program(text: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a block of the README as a program of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", text], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _publisher() -> Iterator[tuple["zmq.Socket[bytes]", str]]:
    """A socket such as the daemon's, at an address of its own."""
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        yield socket, f"tcp://127.0.0.1:{port}"


def _lines(block: str, messages: list[Message], wanted: int) -> list[str]:
    """What a subscriber prints of `messages`."""
    assert ADDRESS in block
    with _publisher() as (socket, url), _program(block.replace(ADDRESS, url)) as process:
        if not socket.poll(PATIENCE_MS):
            process.kill()
            pytest.fail(f"nobody subscribed: {process.communicate()[1]}")
        assert socket.recv() == b"\x01", "it subscribes to everything"
        for message in messages:
            socket.send_multipart([message.topic.encode(), message.to_payload()])
        assert process.stdout is not None
        return [process.stdout.readline() for _ in range(wanted)]


def test_the_plain_subscriber_prints_every_code() -> None:
    """Ten lines with ZeroMQ and MessagePack alone get the codes in their shape."""
    code = [line for line in PLAIN.splitlines() if line]
    assert len(code) <= 10
    assert "eegstream" not in PLAIN
    line, again = _lines(PLAIN, [SPEC, CODES, GAP, CODES, END, STATE], 2)
    assert line == again
    assert line.split(" ", 1)[0] == CODES.stream
    assert "[4710.5]" in line
    assert line.endswith("[[[1, 4095, 15], [65535, 0, 7]]]\n")


def test_the_client_s_subscriber_prints_codes_and_losses() -> None:
    """The same with the client, which tells that two messages are missing."""
    assert len([line for line in WITH_CLIENT.splitlines() if line]) <= 10
    later = CODES.model_copy(update={"seq": CODES.seq + 3, "first": 3})
    first, loss, second = _lines(WITH_CLIENT, [SPEC, CODES, later, STATE], 3)
    assert first == second
    assert first.endswith("[[[1, 4095, 15], [65535, 0, 7]]]\n")
    assert loss == f"2 messages of {CODES.stream} were lost\n"


def test_the_client_brings_neither_torch_nor_lsl() -> None:
    """As the README says."""
    program = "import sys, eegstream.client; print(*sorted({'torch', 'pylsl', 'scipy', 'mne'} & sys.modules.keys()))"
    with _program(program) as process:
        assert process.communicate(timeout=60) == ("\n", "")


def test_the_calls_from_python_work(tmp_path: Path) -> None:
    """An array becomes codes, and a codes file is read; the bundle is one whose codes are the samples' bits."""
    bundle = write_bundle(tmp_path / "identity-1.pt", manifest(patch=256))
    codes = tmp_path / "recording.codes.mcap"
    with write_codes(codes) as writer:
        for message in (SPEC, CODES, GAP, END):
            writer.write(message)
    trusted = f"{str(bundle)!r}, sha256={digest(bundle)!r}"
    program = FROM_PYTHON.replace('"default"', trusted).replace('"recording.codes.mcap"', repr(str(codes)))
    assert str(bundle) in program
    assert str(codes) in program
    with _program(program) as process:
        out, err = process.communicate(timeout=120)
    assert err == ""
    encoded, *read = out.splitlines()
    groups = len(load_own(bundle).manifest.words)
    # 2500 samples at 250 Hz are 2560 at 256 Hz, less the 9 that the resampler waits for: nine patches.
    assert encoded == str((9, 8, groups))
    assert read[0] == f"{SPEC.stream} ('TP9', 'AF7') (1, 2, 3) [4710.5]"
    assert len(read) == 2


def test_the_commands_table_has_every_command() -> None:
    """In the order of `eegstream --help`."""
    (rows,) = tables(section(README, "## Commands"))
    assert [words(row["command"])[0].split()[1] for row in rows] == list(COMMANDS)


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    """`make demo`, `make test` and `make check` exist, and the automatic run is the README's test command."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test", "check"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert "TORCH_INDEX" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


REPORT = json.loads(results.RESULTS.read_text(encoding="utf-8"))


def test_the_tables_are_what_the_evaluation_wrote() -> None:
    """Every number of the README's table and of docs/results.md is the report's."""
    assert results.readme_with(README, results.readme_table(REPORT)) == README
    assert results.PAGE.read_text(encoding="utf-8") == results.page(REPORT)


def test_decodes_of_whole_segments_have_a_table_where_they_were_measured() -> None:
    """NRMSE, and the jump in brackets; a bundle without the joint decode leaves its cell empty."""
    figures = REPORT["bundles"]["seed@3"]["sets"]["muse 256 Hz"]
    measured = {"single patches": {"nrmse": 0.5, "jump": 1.4}, "mse": {"nrmse": 0.25, "jump": None}}
    with_segments = figures | {"segments": {"channels": [4], "decodes": measured}}
    own = REPORT["bundles"]["seed@3"]
    report = REPORT | {"bundles": {"seed@3": own | {"sets": {"muse 256 Hz": with_segments}}}}
    *_, (row,) = tables("\n\n".join(results.segment_parts(report)))
    assert [row[kind] for kind in ("channels", *results.DECODES)] == ["4", "0.500 (1.40)", "0.250", "", ""]


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: path.stem)
def test_what_was_evaluated_is_what_is_shipped(path: Path) -> None:
    """The very file, and its own card says the same of it."""
    shipped = load(str(path))
    told = REPORT["bundles"][shipped.title]
    assert shipped.sha256 == told["sha256"]
    own = {name: figures for name, figures in told["sets"].items() if figures["is_own"]}
    assert {"eegmat 500 Hz", "muse 256 Hz", "eegmmidb 160 Hz", "ssvep 256 Hz"} == set(own)
    for name, figures in own.items():
        assert shipped.manifest.metrics[name]["nrmse"] == pytest.approx(figures["decodes"]["mse"]["nrmse"], rel=1e-3)


def test_every_bundle_is_in_the_table_of_bundles() -> None:
    """With its codes, duration and bits."""
    (rows,) = tables(section(README, "## Which bundle"))
    assert {words(row["name"])[0] for row in rows} == {path.stem.rpartition("-")[0] for path in NEWEST}
    for row in rows:
        manifest = load(words(row["name"])[0]).manifest
        assert row["codes"].split()[0] == str(len(manifest.words))
        bits = sum(map(math.log2, manifest.words))
        rate_hz = manifest.frontend.model_rate_hz
        assert row["bits"] == (f"{bits * rate_hz / manifest.patch:g} bit/s" if rate_hz else f"{bits:.0f} bit")
