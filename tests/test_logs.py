"""The log: one line for each record in every form, whatever the network puts into names, and no storms."""

import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import numpy as np
import pytest

from eegstream import log_storms, logs
from eegstream.log_writer import written_aside
from eegstream.logs import about, log_to_stderr, suitable_form, tell_held_back

log = logging.getLogger("eegstream.somewhere")
HOSTILE = "Muse\n2026-01-01 00:00:00.000 ERROR forged\x1b[2J\x00\u202e"


class Clock:
    """The time that the log has."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The package's log as it was before, afterwards; and a clock that the test moves."""
    root = logging.getLogger("eegstream")
    before = root.handlers, root.propagate, root.level
    clock = Clock()
    monkeypatch.setattr(logs, "time", clock)
    yield clock
    root.handlers, root.propagate = before[:2]
    root.setLevel(before[2])


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} WARNING x lost"),
        ("journal", r"<4>x lost"),
        ("json", r'\{"time": "\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d", "level": "warning", "kind": "gap"'),
    ],
)
def test_a_record_is_one_line(clock: Clock, capsys: pytest.CaptureFixture[str], form: str, start: str) -> None:
    """People, the journal and programs get what they can read; the journal's lines have no time of ours."""
    log_to_stderr(form=form)
    log.warning("%s lost %d", "x", 3, extra=about("gap", "x", missing=3))
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(start, line)
    if form == "json":
        told = json.loads(line)
        assert (told["stream"], told["missing"], told["message"]) == ("x", 3, "x lost 3")
    if form == "journal":
        assert line == "<4>x lost 3"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_journal_gets_the_priorities_of_syslog(
    clock: Clock, capsys: pytest.CaptureFixture[str], level: str
) -> None:
    """So `journalctl -p warning` finds what it should."""
    log_to_stderr(level="debug", form="journal")
    getattr(log, level)("x")
    number = {"debug": 7, "info": 6, "warning": 4, "error": 3}[level]
    assert capsys.readouterr().err == f"<{number}>x\n"


@pytest.mark.parametrize("form", ["text", "json", "journal"])
def test_names_from_the_network_forge_nothing(clock: Clock, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """Neither lines nor escape sequences, not even in a traceback; and they do not fill the log."""
    log_to_stderr(form=form)
    log.info("%s is here", HOSTILE, extra=about("begin", HOSTILE, why=HOSTILE))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    log.info("%s is here", "x" * 100_000, extra=about("begin", "y", why="z" * 100_000))
    (line,) = capsys.readouterr().err.splitlines()
    assert len(line) < 1600
    try:
        int(HOSTILE.replace("\x00", ""))
        pytest.fail("no number")
    except ValueError as error:
        error.add_note(HOSTILE)
        log.exception("it failed")
    lines = capsys.readouterr().err.splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(re.match(r"(<\d>)?\d{4}-\d\d-\d\d .*forged", line) for line in lines)
    assert len(lines) == 1 if form == "json" else len(lines) > 3
    if form == "journal":
        assert all(line.startswith("<3>") for line in lines)


def test_facts_hold_no_arrays(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """EEG that slips into a record is named by its type alone."""
    log_to_stderr(form="json")
    samples = np.full((3, 4), 1234.5)
    log.info("x", extra=about("gap", "x", samples=samples, lag_s=float("nan")))  # type: ignore[arg-type]
    told = json.loads(capsys.readouterr().err)
    assert told["samples"] == "ndarray"
    assert "lag_s" not in told


def test_a_storm_is_cut_and_counted_for_each_stream(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Other kinds and other streams are told meanwhile; the count comes when the minute is over."""
    log_to_stderr(form="json")
    for number in range(422):
        log.warning("a %d", number, extra=about("gap", "a", number=number))
    log.warning("b", extra=about("gap", "b"))
    log.warning("a", extra=about("dropped", "a"))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(t["kind"], t["stream"]) for t in told] == [("gap", "a")] * 10 + [("gap", "b"), ("dropped", "a")]
    clock.now_s += 59.0
    tell_held_back(at_end=False)
    assert capsys.readouterr().err == ""
    clock.now_s += 2.0
    tell_held_back(at_end=False)
    (counted,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert counted["message"] == "... and 412 more in 60 s like: a 421"
    assert (counted["held_back"], counted["level"], counted["stream"]) == (412, "warning", "a")
    log.warning("a", extra=about("gap", "a"))
    assert json.loads(capsys.readouterr().err)["message"] == "a"


def test_a_storm_of_ever_new_names_is_cut_too_and_forgotten(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A kind has a limit over all streams, and what is kept about them is bounded."""
    log_to_stderr(form="text")
    for number in range(5000):
        log.warning("refused", extra=about("refused", f"stream-{number}"))
    assert len(capsys.readouterr().err.splitlines()) == 30
    (handler,) = logging.getLogger("eegstream").handlers
    assert isinstance(handler, logs._Handler)
    assert len(handler._storms._windows) <= log_storms._MOST_KEYS + 1
    clock.now_s += 61.0
    tell_held_back(at_end=False)
    assert "... and 4970 more in 60 s like: refused" in capsys.readouterr().err
    assert not handler._storms._windows


def test_lines_without_a_kind_count_by_their_text(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Of other modules, too; what was held back is told at the end of the run."""
    log_to_stderr(form="text")
    for number in range(30):
        log.info("one %d", number)
        log.info("two %d", number)
    assert len(capsys.readouterr().err.splitlines()) == 20
    tell_held_back(at_end=True)
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.skipif(os.name != "posix", reason="sockets are no files here, and there is no journal")
def test_the_journal_s_form_is_for_the_journal_alone() -> None:
    """A terminal, a pipe or a file inherits the variables, and is no journal."""
    with socket.socket() as connection, tempfile.TemporaryFile("w") as file:
        stream = open(connection.fileno(), "w", closefd=False)  # noqa: SIM115
        status = os.fstat(connection.fileno())
        named = f"{status.st_dev}:{status.st_ino}"
        assert suitable_form(stream, {"JOURNAL_STREAM": named}) == "journal"
        assert suitable_form(stream, {"JOURNAL_STREAM": "1:2", "INVOCATION_ID": "x"}) == "text"
        assert suitable_form(stream, {"INVOCATION_ID": "x"}) == "journal"
        assert suitable_form(stream, {}) == "text"
        assert suitable_form(file, {"JOURNAL_STREAM": named, "INVOCATION_ID": "x"}) == "text"
        assert suitable_form(file, {"INVOCATION_ID": "x"}) == "text"
        assert suitable_form(io.StringIO(), {"INVOCATION_ID": "x"}) == "text"
        stream.close()


def test_help_needs_neither_structlog_nor_prometheus() -> None:
    """They take their time to be imported; so does what `run` imports before it has read its settings."""
    program = (
        "import sys; from eegstream.cli import main; sys.argv = ['eegstream', 'run', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "import eegstream.logs, eegstream.config\n"
        "sys.exit(bool({'structlog', 'prometheus_client', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="a pipe is filled as POSIX has it")
def test_lines_that_nobody_took_are_counted(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs never waits; once lines are read again, their count is one of them, and order is kept."""
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="ascii") as read, os.fdopen(writer, "w", encoding="ascii") as unread:
        monkeypatch.setattr(sys, "stderr", unread)
        log_to_stderr(form="text")
        with written_aside() as lines:
            for number in range(3000):
                lines.write(f"{number} {'x' * 100}\n")
            assert not lines.finish()
            told, last = [], ""
            while "left out" not in last:
                told.append(last := read.readline())
    numbers = [int(line.split()[0]) for line in told[:-1]]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + int(re.search(r"(\d+) lines of the log were left out", last)[1]) == 3000  # type: ignore[index]
