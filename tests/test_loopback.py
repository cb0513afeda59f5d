"""Runs beside each other on one machine never hear each other's outlets."""

import configparser
from contextlib import ExitStack
from pathlib import Path

import pytest

from eegstream.errors import StreamError
from eegstream.lsl.loopback import private_configuration


def ports(path: Path) -> range:
    """Every port that a configuration names."""
    file = configparser.ConfigParser()
    file.read_string(path.read_text(encoding="ascii"))
    first = file.getint("ports", "MulticastPort")
    assert file.getint("ports", "BasePort") == first + 1
    return range(first, first + 1 + file.getint("ports", "PortRange"))


def test_no_two_runs_have_a_port_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; one too many is told, and what ended leaves its ports to others."""
    monkeypatch.setattr("eegstream.lsl.loopback._PORTS", range(31_600, 32_600, 192))
    with ExitStack() as stack:
        runs = [ports(stack.enter_context(private_configuration())) for _ in range(6)]
        assert len({port for run in runs for port in run}) == sum(map(len, runs))
        with pytest.raises(StreamError, match="none of the 6 ranges of ports from 31600 on is free"):
            stack.enter_context(private_configuration())
    with private_configuration() as path:
        assert ports(path) in runs
