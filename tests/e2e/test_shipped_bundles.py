"""One path with every bundle that people get: live codes are offline codes, and both decodes give a signal back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eegstream.cli import cli
from eegstream.codec.bundle import load
from eegstream.files.codes import CodesReader
from tests.e2e.harness import DATA, NO_DATA, Recorder
from tests.e2e.parity import Parity
from tests.e2e.warm import WarmDaemon
from tests.shipped import NEWEST

SYNTHETIC = "synthetic:rate=250,channels=4,seconds=10,seed=3"
REAL = DATA / "dev/muse/muse_subject1408.csv"


@pytest.fixture(scope="module", params=NEWEST, ids=lambda path: path.stem)
def parity(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    """A daemon with one of the bundles, and what it makes of two recordings at once."""
    with WarmDaemon(request.param) as daemon, Recorder(daemon.url) as recorder:
        played = Parity(daemon, recorder.connected(), request.param, tmp_path_factory.mktemp("codes"))
        played.run([SYNTHETIC, *([str(REAL)] if REAL.is_file() else [])], speed=16.0)
        yield played


def test_synthetic_live_is_offline(parity: Parity) -> None:
    """Codes, flags and times, from the first patch to the last."""
    assert parity.check(SYNTHETIC) >= 9


def test_a_real_recording_live_is_offline(parity: Parity) -> None:
    """A person's EEG with the device's own timestamps."""
    if not REAL.is_file():
        pytest.skip(NO_DATA)
    assert parity.check(str(REAL)) > 20


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: path.stem)
def test_both_decodes_from_the_command_line(path: Path, tmp_path: Path) -> None:
    """`decode --as` gives the signal that the bundle promises; noise is filled in the same way each time."""
    codes = tmp_path / "x.codes.mcap"
    run = CliRunner().invoke
    assert run(cli, ["encode", SYNTHETIC, "-o", str(codes), "--model", str(path), "--device", "cpu"]).exit_code == 0
    assert any(item.kind == "codes" for item in CodesReader(codes))
    signals = {}
    for kind in load(str(path)).manifest.decodes:
        for turn in (1, 2):
            output = tmp_path / f"{kind}{turn}.npz"
            done = run(cli, ["decode", str(codes), "-o", str(output), "--as", kind, "--model", str(path)])
            assert done.exit_code == 0, done.output
            signals[kind, turn] = np.load(output)["eeg_uv"]
        np.testing.assert_array_equal(signals[kind, 1], signals[kind, 2])
    if ("spectrum", 1) in signals:
        power = {kind: float(np.nanvar(np.diff(signals[kind, 1], axis=-1))) for kind in ("mse", "spectrum")}
        assert power["spectrum"] > power["mse"], "what changes fast is what bits are spared on"
