"""The signal that the model sees is written sample for sample as its decode."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from eegstream.cli.decode import command as decode
from eegstream.cli.encode import command as encode
from tests.identity_bundle import manifest, pinned, write_bundle

SOURCE = "synthetic:rate=250,channels=2,seconds=5"


@pytest.mark.parametrize("hop", [None, 48], ids=["side-by-side", "overlapping"])
def test_a_bundle_without_loss_decodes_to_the_signal_that_it_saw(tmp_path: Path, hop: int | None) -> None:
    """The same samples at the same times; where patches overlap, the decode is their mean."""
    bundle = write_bundle(tmp_path / "identity.pt", manifest(hop=hop))
    run = CliRunner().invoke
    codes = tmp_path / "x.codes.mcap"
    made = run(encode, [SOURCE, "-o", str(codes), "--with-signal", *pinned(bundle)], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    done = run(decode, [str(codes), "-o", str(tmp_path / "back.npz"), *pinned(bundle)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "x.signal.npz") as signal, np.load(tmp_path / "back.npz") as back:
        assert set(signal) == set(back)
        for name in ("rate_hz", "labels", "t", "epoch", "segment"):
            np.testing.assert_array_equal(signal[name], back[name])
        assert signal["eeg_uv"].std() > 1
        np.testing.assert_allclose(back["eeg_uv"], signal["eeg_uv"], rtol=1e-6, atol=1e-5)


def test_it_is_for_one_recording(tmp_path: Path) -> None:
    """Of many, it would be as large as what people have already."""
    (tmp_path / "in").mkdir()
    done = CliRunner().invoke(encode, [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--with-signal"])
    assert done.exit_code == 2
    assert "for one recording" in done.output
