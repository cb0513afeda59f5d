"""The files in systemd/ are valid, and say what the program does."""

import configparser
import os
import re
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


def test_the_example_configuration_is_the_defaults_with_the_model_pinned() -> None:
    """An upgrade may ship a newer version of the bundle; the service keeps the one that is the newest now."""
    newest = max(int(b.stem.rpartition("-")[2]) for b in (ROOT / "eegstream" / "bundles").glob("default-*.pt"))
    assert run_config(FOLDER / "eegstream.toml", {}, {}) == RunConfig(model=f"default@{newest}")


def test_the_example_configuration_names_every_key() -> None:
    """What has no default value stands there as a comment, which can be taken in by removing its mark."""
    text = (FOLDER / "eegstream.toml").read_text(encoding="utf-8")
    keys = {name.replace("_", "-") for name in RunConfig.model_fields}
    absent = keys - tomllib.loads(text).keys()
    assert absent == {
        "keys",
        "control",
        "markers",
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


@pytest.fixture(params=["cpu", "cuda"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit as it is installed, for CUDA with its drop-in; its program is one that this machine has."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/eegstream/.venv/bin/eegstream", sys.executable)
    (tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    if request.param == "cuda":
        folder = tmp_path / f"{UNIT.name}.d"
        folder.mkdir()
        shutil.copy(FOLDER / "cuda.conf", folder)
    return tmp_path / UNIT.name


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    return subprocess.run([analyze, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_accepts_the_unit(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say."""
    done = _analyze("verify", "--recursive-errors=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_little_exposed(unit: Path) -> None:
    """Below 2.0 of 10, as `systemd-analyze security` counts; the drop-in counts, too."""
    version = re.search(r"systemd (\d+)", _analyze("--version").stdout)
    if version is None or int(version[1]) < 250:
        pytest.skip("this systemd-analyze cannot judge a file that is not installed")
    told = _analyze("security", "--no-pager", "--offline=true", str(unit)).stdout
    found = re.search(r"Overall exposure level for eegstream\.service: ([\d.]+)", told)
    assert found is not None, told
    assert float(found[1]) < 2.0
    assert ("✗ PrivateDevices=" in told) == (unit.parent / f"{UNIT.name}.d").is_dir()


def test_the_unit_limits_memory_and_closes_nothing_that_the_daemon_needs() -> None:
    """What is known to break libzmq or PyTorch; tests/faults/test_sandbox.py runs the daemon under the rest."""
    service = _unit()["Service"]
    assert service["MemoryMax"] == "4G"
    assert "MemoryDenyWriteExecute" not in service
    assert set(service["RestrictAddressFamilies"].split()) == {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"}
    lines = [line for line in UNIT.read_text(encoding="utf-8").splitlines() if line.startswith("SystemCallFilter")]
    assert not any("@resources" in line for line in lines)


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
