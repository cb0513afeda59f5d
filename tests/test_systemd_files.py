"""The files in systemd/ are valid, and say what the program does."""

import configparser
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from eegstream.config import RunConfig, run_config
from eegstream.errors import BundleError, ConfigError, DeviceLostError
from tests.markdown import ROOT

FOLDER = ROOT / "systemd"
UNIT = FOLDER / "eegstream.service"


def _unit() -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=["="])
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, encoding="utf-8")
    return unit


def test_the_example_configuration_is_the_defaults() -> None:
    """Read as it is, it changes nothing."""
    assert run_config(FOLDER / "eegstream.toml", {}, {}) == RunConfig()


def test_the_example_configuration_names_every_key() -> None:
    """What has no default value stands there as a comment, which can be taken in by removing its mark."""
    text = (FOLDER / "eegstream.toml").read_text(encoding="utf-8")
    keys = {name.replace("_", "-") for name in RunConfig.model_fields}
    absent = keys - tomllib.loads(text).keys()
    assert absent == {
        "keys",
        "control",
        "metrics",
        "model-sha256",
        "model-keys",
        "notch",
        "unit",
        "channels",
        "drop",
        "rate",
        "counter-channel",
        "stream",
    }
    settings, tables = text.split("# [[stream]]")
    for key in absent:
        settings = settings.replace(f"# {key} =", f"{key} =")
    text = settings + "[[stream]]" + tables.replace("\n# ", "\n")
    assert tomllib.loads(text).keys() == keys
    RunConfig.model_validate(tomllib.loads(text))


def test_the_unit_does_not_start_again_where_that_cannot_help() -> None:
    """Wrong usage and wrong configuration are final, a lost device is not."""
    service = _unit()["Service"]
    assert service["Restart"] == "on-failure"
    final = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert final == {2, ConfigError.exit_code, BundleError.exit_code}
    assert DeviceLostError.exit_code not in final


def test_the_unit_waits_for_the_daemon_and_runs_it_with_its_configuration() -> None:
    """READY=1 is awaited; a command of this program is run, with files that are given here as examples."""
    service = _unit()["Service"]
    assert service["Type"] == "notify"
    program, command, option, configuration = service["ExecStart"].split()
    assert Path(program).name == "eegstream"
    assert (command, option) == ("run", "--config")
    assert (FOLDER / Path(configuration).name).is_file()
    variable, path = service["Environment"].split("=")
    assert variable == "LSLAPICFG"
    assert (FOLDER / Path(path).name).is_file()
    assert service["WatchdogSec"] == "20"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = UNIT.read_text(encoding="utf-8").replace("/opt/eegstream/.venv/bin/eegstream", sys.executable)
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", str(tmp_path / UNIT.name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_liblsl_takes_the_example_of_its_configuration(tmp_path: Path) -> None:
    """With another session id in it, an outlet has that session id: the whole file was read."""
    text = (FOLDER / "lsl_api.cfg").read_text(encoding="utf-8")
    own = tmp_path / "lsl_api.cfg"
    own.write_text(text.replace("SessionID = default", "SessionID = example-77"), encoding="utf-8")
    program = (
        "import pylsl; outlet = pylsl.StreamOutlet(pylsl.StreamInfo('x', 'EEG', 1, 10, 'float32', 'x')); "
        "print(outlet.get_info().session_id())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LSLAPICFG": str(own)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "liblsl" in done.stderr.lower() and done.returncode:
        pytest.skip("liblsl is not there")
    assert done.stdout.split() == ["example-77"], done.stderr
