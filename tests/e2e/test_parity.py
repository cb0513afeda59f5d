"""One path: what the daemon publishes of a played file is what `encode` makes of it."""

from pathlib import Path

import numpy as np
import pytest

from eegstream.client import Gap, Spec
from eegstream.files.codes import CodesReader
from tests.e2e.content import assert_same_content
from tests.e2e.harness import DATA, NO_DATA, Daemon, Recorder, command, play
from tests.e2e.parity import Parity
from tests.files.written import XdfStream, write_brainvision, xdf_bytes
from tests.identity_bundle import pinned

SYNTHETIC = "synthetic:rate=200,channels=5,seconds=12,seed=1"
REAL = {
    "EDF at 500 Hz": DATA / "dev/eegmat/Subject00_1.edf",
    "CSV with raw timestamps at 256 Hz": DATA / "dev/muse/muse_subject103.csv",
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


def test_streams_of_one_file_are_played_and_encoded_alike(daemon, recorder, bundle, tmp_path):
    """Both people of a pair, one of whom states a wrong rate, have the same content live and offline."""
    noise = np.random.default_rng(0).normal(scale=20, size=(1200, 2))
    described = "".join(f"<channel><label>{label}</label></channel>" for label in ("Fp1", "Cz"))
    file = tmp_path / "pair.xdf"
    people = [XdfStream("right", "EEG", noise, described), XdfStream("wrong", "EEG", -noise, described, rate_hz=200)]
    file.write_bytes(xdf_bytes(people))
    with play(file, "--wait", "--speed", "4") as player:
        codes = tmp_path / "pair.codes.mcap"
        assert command("encode", str(file), "-o", str(codes), *pinned(bundle)).returncode == 0
        streams = [recorder.stream_of(f"pair-{name}") for name in ("right", "wrong")]
        assert player.wait() == 0
        for stream in streams:
            recorder.wait(lambda item, of=stream: item.stream == of and item.kind == "end")
    offline = list(CodesReader(codes))
    for stream in streams:
        assert assert_same_content(recorder.of(stream), [item for item in offline if item.stream == stream]) > 30
    assert {item.rate_hz for item in offline if isinstance(item, Spec)} == {100.0}


def test_a_pause_of_unknown_length_is_a_border_both_ways(daemon, recorder, parity, tmp_path):
    """Nobody knows how long it was: `missing` is null offline, live it is what `play` made of it."""
    file = str(write_brainvision(tmp_path, ["New Segment,,1,1,0", "New Segment,,501,1,0"]))
    parity.run([file])
    assert parity.check(file) > 4
    assert parity.gaps(file) == 1
    (gap,) = [item for item in parity.offline(file) if isinstance(item, Gap)]
    assert (gap.reason, gap.missing, gap.received) == ("missing", None, 500)
    assert gap.t_from == pytest.approx(2.0)
    assert gap.t_to == pytest.approx(3.0)
