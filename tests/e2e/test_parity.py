"""One path: what the daemon publishes of a played file is what `encode` makes of it."""

from pathlib import Path

import pytest

from tests.e2e.harness import DATA, NO_DATA, Daemon, Recorder
from tests.e2e.parity import Parity

SYNTHETIC = "synthetic:rate=200,channels=5,seconds=12,seed=1"
REAL = {
    "EDF at 500 Hz": DATA / "dev/eegmat/Subject00_1.edf",
    "CSV with raw stamps at 256 Hz": DATA / "dev/muse/muse_subject103.csv",
    "EDF+D with holes": DATA / "tricky/edf_plusD_gaps.edf",
}


@pytest.fixture(scope="module")
def parity(daemon: Daemon, recorder: Recorder, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """The two ways, for files that need not be there yet."""
    return Parity(daemon, recorder, bundle, tmp_path_factory.mktemp("codes"))


@pytest.fixture(scope="module")
def real(parity: Parity) -> Parity:
    """The real recordings, played and encoded, all at once."""
    if not DATA.is_dir():
        pytest.skip(NO_DATA)
    parity.run(map(str, REAL.values()))
    return parity


def test_synthetic_live_is_offline(parity):
    """`play --wait` through a running daemon has the content of `encode`, from the first patch to the last."""
    parity.run([SYNTHETIC])
    assert parity.check(SYNTHETIC) == 12 * 4 - 1
    assert parity.gaps(SYNTHETIC) == 0


@pytest.mark.parametrize("name", REAL)
def test_a_real_recording_live_is_offline(real, name):
    """Real recordings, with their jitter and holes, have the same content both ways."""
    assert real.check(str(REAL[name])) > 20


def test_the_holes_of_a_recording_are_gaps_live(real):
    """The holes of an EDF+D, which readers like to join silently, reach the subscriber as gaps."""
    assert real.gaps(str(REAL["EDF+D with holes"])) > 0
