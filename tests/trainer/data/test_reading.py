"""Training sees of a file what `encode` would: every stream of EEG, at its true rate, in pieces without pauses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eegstream.dsp.channels import ChannelChoice
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from tests.files.written import EdfSignal, XdfStream, edf_bytes, steps, write_brainvision, xdf_bytes
from tests.trainer.data.test_left_out import data
from trainer.data.cache import SignalCache
from trainer.data.corpora import Corpus
from trainer.data.front_ended import as_sent, parts, usable_channels
from trainer.data.preparation import Job, Prepared, prepare
from trainer.data.reading import read_source
from trainer.data.recording_overrides import RecordingOverrides
from trainer.data.splits import RecordingSource

NATIVE = FrontEndSettings(model_rate_hz=None, highpass_hz=0.5, notch_hz=None)


def channels(*labels: str) -> str:
    return "".join(
        f"<channel><label>{label}</label><type>EEG</type><unit>microvolts</unit></channel>" for label in labels
    )


def xdf(path: Path, *streams: tuple[str, str, float, tuple[str, ...]]) -> RecordingSource:
    """8 s of streams (name, type, stated rate, labels), whose stamps always show 100 Hz."""
    rng = np.random.default_rng(1)
    path.write_bytes(
        xdf_bytes(
            [
                XdfStream(name, kind, 20 * rng.standard_normal((800, len(labels))), channels(*labels), rate_hz)
                for name, kind, rate_hz, labels in streams
            ]
        )
    )
    return RecordingSource("own", "S", str(path))


def found(
    source: RecordingSource, cache: Path, overrides: RecordingOverrides | None = None, rates_hz: tuple[float, ...] = ()
) -> Prepared:
    """The recording as prepared, and once more as the cache has it, which must be the same."""
    job = Job(source, NATIVE, rates_hz, SignalCache(cache), overrides or RecordingOverrides())
    (first,), (again,) = (prepare([job], None, strict=True) for _ in range(2))
    assert isinstance(first, Prepared)
    assert isinstance(again, Prepared)
    assert (first.is_new, again.is_new) == (True, False)
    assert (first.remarks, first.lost) == (again.remarks, again.lost)
    for one, other in zip(first.signals, again.signals, strict=True):
        assert one.rate_hz == other.rate_hz
        np.testing.assert_array_equal(one.samples_uv, other.samples_uv)
    return first


def test_two_people_in_one_file_are_both_there(tmp_path: Path) -> None:
    """Each stream of EEG with its own channels; of one subject, since one file is."""
    streams = [("left", "EEG", 100, ("Cz", "Oz")), ("right", "EEG", 100, ("C3", "C4", "Pz")), ("m", "ECG", 100, ("x",))]
    recording = found(xdf(tmp_path / "two.xdf", *streams), tmp_path / "cache", rates_hz=(128.0,))
    assert [(len(signal.samples_uv), signal.rate_hz) for signal in recording.signals] == [
        *((2, 100.0), (2, 128.0), (3, 100.0), (3, 128.0))
    ]


def test_a_stream_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """The others stay, and it is told again when everything comes from the cache."""
    source = xdf(tmp_path / "two.xdf", ("left", "EEG", 100, ("Cz", "Oz")), ("right", "EEG", 100, ("C3", "C4")))
    table = tmp_path / "channels.tsv"
    table.write_text("name\tstatus\nCz\tgood\nOz\tgood\nC3\tbad\nC4\tbad\n")
    recording = found(replace(source, channels=str(table)), tmp_path / "cache")
    assert [len(signal.samples_uv) for signal in recording.signals] == [2]
    assert recording.lost == ("stream right: all EEG channels of the 2 channels are marked as bad",)


def test_the_rate_that_stamps_show_holds(tmp_path: Path) -> None:
    """It is the model's condition, and what filters are made for; what was stated is remarked."""
    recording = found(xdf(tmp_path / "a.xdf", ("x", "EEG", 200, ("Cz",))), tmp_path / "cache", rates_hz=(100.0,))
    (signal,) = recording.signals
    assert signal.rate_hz == 100.0
    assert signal.samples_uv.shape[1] == pytest.approx(600, abs=64)
    assert "200 Hz are stated, timestamps show 100 Hz" in recording.remarks


def test_the_user_s_rate_holds_against_stamps(tmp_path: Path) -> None:
    """And is no other entry's of the cache."""
    source = xdf(tmp_path / "a.xdf", ("x", "EEG", 100, ("Cz",)))
    assert found(source, tmp_path / "cache").signals[0].rate_hz == 100.0
    assert found(source, tmp_path / "cache", RecordingOverrides(rate_hz=50.0)).signals[0].rate_hz == 50.0


def recording_of(times_s: np.ndarray, pauses: tuple[int, ...] = (), scale: float = 1.0) -> Recording:
    samples = np.random.default_rng(2).standard_normal((1, len(times_s))).astype(np.float32)
    return Recording(
        *("x", "file:0", 200.0, ("Cz",), ("EEG",), ("microvolts",)),
        pieces=HeldSamples(20 * np.float32(scale) * samples),
        times_s=times_s,
        remarks=(),
        pauses=pauses,
    )


def test_where_the_rate_changes_another_part_begins() -> None:
    """Each has its own rate, and holds no sample of the other."""
    source = recording_of(np.concatenate([np.arange(6000) / 200, 30 + np.arange(3000) / 100]))
    first, second = parts(source, usable_channels(source), NATIVE)
    assert (first.rate_hz, second.rate_hz) == (200.0, 100.0)
    assert 6000 < first.stop == second.start < 6000 + 1600, "seen within 8 s of the stated rate"
    assert second.stop == 9000
    assert sum(x.shape[1] for x in first.segments) < 6000 + 800
    assert second.remarks[0].startswith("200 Hz are stated, timestamps show 100 Hz from ")
    (sent,) = as_sent(second, NATIVE, 50.0)
    assert sent.shape[1] == pytest.approx((9000 - second.start) / 2 - 100, abs=70)


def test_a_pause_of_unknown_length_is_a_border() -> None:
    """Times show nothing of it; at another rate it is one, too."""
    source = recording_of(np.arange(4000) / 200, pauses=(1000,))
    (part,) = parts(source, usable_channels(source), NATIVE)
    assert [x.shape[1] for x in part.segments] == [pytest.approx(600, abs=64), pytest.approx(2600, abs=64)]
    assert len(as_sent(part, NATIVE, 100.0)) == 2


def test_a_pause_of_a_file_is_a_border(tmp_path: Path) -> None:
    """BrainVision of 4 s with a new segment without a date: neither half is longer than the 2 s it takes to settle."""
    lengths = []
    for marks in (["New Segment,,1,1,0"], ["New Segment,,1,1,0", "New Segment,,501,1,0"]):
        header = write_brainvision(tmp_path, marks)
        (part,) = read_source(RecordingSource("own", "S", str(header)), NATIVE, RecordingOverrides()).parts
        lengths.append([x.shape[1] for x in part.segments])
    assert lengths == [[pytest.approx(500, abs=64)], []]


@pytest.mark.parametrize(("scale", "unit"), [(1e-6, "V"), (1e-3, "mV")])
def test_numbers_of_another_size_are_remarked(scale: float, unit: str) -> None:
    """As `encode` does."""
    source = recording_of(np.arange(2000) / 200, scale=scale)
    (part,) = parts(source, usable_channels(source), NATIVE)
    assert f"the numbers look like {unit} " in part.remarks[0]


def test_settings_mean_what_the_options_of_encode_mean(tmp_path: Path) -> None:
    """Channels, drop, unit and rate; told in the words of the settings, and part of the cache's key."""
    path = tmp_path / "S_1.edf"
    signals = [EdfSignal(label, x, 128, unit) for label, x, unit in zip(
        ("Cz", "Oz", "ECG"), steps(3, 128 * 6), ("uV", "", "uV"), strict=True)]  # fmt: skip
    path.write_bytes(edf_bytes(signals))
    source = RecordingSource("own", "S", str(path))
    corpus = Corpus(
        {"train": [source], "val": [RecordingSource("own", "T", "synthetic:rate=250,channels=2,seconds=6,seed=1")]}
    )

    def of(**settings) -> Prepared:
        return data(corpus, tmp_path / "cache", patch_size=64, **settings).side("train").recordings[0]

    plain = of().signals[0].samples_uv
    assert len(plain) == 2
    assert len(of(channels=["Cz", "ECG", "Pz"]).signals[0].samples_uv) == 2
    assert len(of(drop=[1, "Pz"]).signals[0].samples_uv) == 1
    in_mv = of(unit="mV")
    np.testing.assert_allclose(in_mv.signals[0].samples_uv[0], plain[0], rtol=1e-5)
    np.testing.assert_allclose(in_mv.signals[0].samples_uv[1], 1000 * plain[1], rtol=1e-5)
    assert "no unit stated: mV as data.unit says for Oz" in in_mv.remarks
    assert of(rate=256.0).signals[0].rate_hz == 256.0
    with pytest.raises(ConfigError, match=r"no EEG channel \(Cz: not among data\.channels"):
        of(channels="Pz", strict=True)
    for wrong in ({"unit": "furlong"}, {"rate": 0.0}):
        with pytest.raises(ConfigError, match=r"data\.(unit|rate)"):
            of(**wrong)


def test_what_the_user_says_is_part_of_the_key(tmp_path: Path) -> None:
    """Another choice is another entry."""
    cache = SignalCache(tmp_path)
    says = [
        RecordingOverrides(),
        RecordingOverrides(rate_hz=250.0),
        *(RecordingOverrides(ChannelChoice.of(*said)) for said in (("Cz",), (None, "Cz"), (None, None, "mV"))),
    ]
    assert len({cache.key("content", NATIVE, None, overrides, part) for overrides in says for part in (0, 1)}) == 10
