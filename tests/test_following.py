"""One stream as epochs: when they open, when they end, and that chunks decide nothing of it."""

from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import Manifest
from eegstream.dsp.channels import ChannelChoice
from eegstream.epoch import Epoch, MessageContext, follow_stream
from eegstream.errors import StreamError
from eegstream.events import Patch, SegmentEnd
from eegstream.following import Following, Happened, Opened
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.wire.messages import Source, UtcMark
from tests.identity_bundle import manifest

SOURCE = Source(name="s", type="EEG", source_id="", uid="", hostname="", session_id="", format="float32")
FACTS = ModelFacts(
    Manifest.model_validate(manifest(patch=64, highpass_hz=None) | {"rate_range_hz": [50, 2000]}),
    "ab" * 32,
    "cpu",
    "f",
    "2",
)
LAW = settings(deadline=None, derandomize=True, max_examples=40)


def following(rate_hz=250.0, options=None, types=("EEG", "EEG")) -> Following[Epoch]:
    geometry = StreamGeometry(SOURCE, rate_hz, ("C3", "C4"), types, ("microvolts",) * 2)
    epochs = count()
    return follow_stream(
        geometry,
        FACTS,
        options or SignalOptions(),
        lambda: MessageContext("s-000000", "0" * 16, next(epochs), count().__next__),
    )


def samples(n):
    return np.random.default_rng(5).normal(size=(2, n)).astype(np.float32)


def run(stream, timestamps_s, borders, x=None):
    """Every step of a stream that came in such chunks."""
    x = samples(len(timestamps_s)) if x is None else x
    steps = []
    for start, stop in pairwise(borders):
        steps += stream.push(x[:, start:stop], timestamps_s[start:stop], 0.0)
    return steps + stream.finish("gone")


def told(step):
    """A step as its bits."""
    if isinstance(step, Opened):
        return ("opened", step.followed.rate_hz, step.followed.spec(UtcMark(iso="", clock=0.0)).notes)
    event = step.event
    if isinstance(event, Patch):
        return (event.segment, event.index, event.samples_uv.tobytes(), event.flags.tobytes(), event.t_s)
    return (event.segment, event.reason, event.received, event.discarded, event.emitted, event.tail)


def spans(steps):
    """Received samples of all accounts."""
    return sum(
        step.event.received for step in steps if isinstance(step, Happened) and isinstance(step.event, SegmentEnd)
    )


@st.composite
def streams(draw):
    """Timestamps of a stream that may state a wrong rate, lose samples, and change its pace."""
    rate_hz = draw(st.sampled_from([100.0, 250.0, 256.0]))
    pieces, clock_s = [], 50.0
    for _ in range(draw(st.integers(1, 3))):
        real_hz = rate_hz * draw(st.sampled_from([1.0, 1.0, 0.5, 1.5, 2.0]))
        n = draw(st.integers(1, round(5 * rate_hz)))
        pieces.append(clock_s + np.arange(n) / real_hz)
        clock_s = pieces[-1][-1] + draw(st.sampled_from([1.0, 60.0])) / real_hz
    return rate_hz, np.concatenate(pieces)


@given(stream=streams(), data=st.data())
@LAW
def test_chunks_decide_nothing(stream, data):
    """Epochs, their rates, patches and accounts are the same to the bit, however the samples came."""
    rate_hz, timestamps_s = stream
    n = len(timestamps_s)
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=8))), n]
    whole = run(following(rate_hz), timestamps_s, [0, n])
    assert [told(step) for step in run(following(rate_hz), timestamps_s, cuts)] == [told(step) for step in whole]


@given(stream=streams())
@LAW
def test_every_sample_is_accounted_for(stream):
    """What came while a rate was being found is not lost, nor what came while it changed."""
    rate_hz, timestamps_s = stream
    steps = run(following(rate_hz), timestamps_s, [0, len(timestamps_s)])
    assert spans(steps) == len(timestamps_s)
    opened = [step for step in steps if isinstance(step, Opened)]
    ends = [s.event.reason for s in steps if isinstance(s, Happened) and isinstance(s.event, SegmentEnd)]
    assert ends.count("replaced") == len(opened) - 1
    assert ends[-1] == "gone"


def test_a_wrong_nominal_rate_is_told_and_replaced():
    """256 Hz stated and 128 Hz sent is 128 Hz, in the spec and as the model's condition; the note says both."""
    timestamps_s = 10 + np.arange(1280) / 128
    opened, *rest = run(following(256.0), timestamps_s, [0, 1280])
    assert isinstance(opened, Opened)
    spec = opened.followed.spec(UtcMark(iso="", clock=0.0))
    assert spec.rate_hz == opened.followed.rate_hz == 128.0
    assert spec.notes == ("the stream states 256 Hz, its timestamps show 128 Hz: taken as 128 Hz",)
    patches = [step.event for step in rest if isinstance(step.event, Patch)]
    assert [patch.t_s for patch in patches[:2]] == pytest.approx([10.0, 10.25])  # 64 samples at 256 Hz


def test_a_stream_that_changes_its_rate_gets_another_epoch():
    """250 Hz, and after a pause 500 Hz: nothing is encoded at half its rate for long."""
    first = np.arange(2500) / 250
    timestamps_s = np.concatenate([first, first[-1] + 30 + np.arange(5000) / 500])
    steps = run(following(250.0), timestamps_s, [0, 7500])
    assert [step.followed.rate_hz for step in steps if isinstance(step, Opened)] == [250.0, 500.0]
    late = [
        s.event for s in steps if isinstance(s, Happened) and s.followed.rate_hz == 500 and isinstance(s.event, Patch)
    ]
    assert len(late) >= 28
    wrong = [
        s.event
        for s in steps
        if isinstance(s, Happened) and s.followed.rate_hz == 250 and isinstance(s.event, Patch) and s.event.t_s > 39.0
    ]
    assert len(wrong) <= 1
    assert spans(steps) == 7500


def test_the_users_rate_is_not_questioned():
    """With --rate an epoch opens with the first sample, and the note says so."""
    stream = following(0.0, SignalOptions(rate_hz=250.0))
    steps = stream.push(samples(2), np.array([1.0, 1.004]), 0.0)
    assert isinstance(steps[0], Opened)
    notes = steps[0].followed.spec(UtcMark(iso="", clock=0.0)).notes
    assert notes == ("rate 250 Hz as --rate says, the stream states no rate",)


def test_an_irregular_stream_needs_a_rate():
    """Without one it is refused, with the option's name."""
    with pytest.raises(StreamError, match=r"irregular.*--rate"):
        following(0.0)


def test_a_stream_without_eeg_is_refused_before_it_sends():
    """The channels are known when it opens."""
    with pytest.raises(StreamError, match="none of the 2 channels is EEG"):
        following(types=("ECG", "ECG"))
    following(types=("ECG", "ECG"), options=SignalOptions(choice=ChannelChoice.of("C3")))


def test_a_stream_that_says_nothing_still_has_an_epoch():
    """An outlet that came and left is told."""
    opened, ended = following().finish("gone")
    assert isinstance(opened, Opened)
    assert (ended.event.reason, ended.event.received) == ("gone", 0)


def test_a_pause_is_a_border_of_unknown_length():
    """No patch spans it, `missing` is None, and times go on as the source has them."""
    stream = following()
    x, timestamps_s = samples(2500), np.arange(2500) / 250
    steps = stream.push(x[:, :1000], timestamps_s[:1000], 0.0) + stream.pause()
    steps += stream.push(x[:, 1000:], timestamps_s[1000:], 0.0) + stream.finish("gone")
    accounts = [s.event for s in steps if isinstance(s, Happened) and isinstance(s.event, SegmentEnd)]
    assert [(a.reason, a.missing, a.received) for a in accounts] == [("missing", None, 1000), ("gone", None, 1500)]
    assert accounts[0].t_from_s == pytest.approx(4.0)
    early = following()
    steps = early.pause() + early.push(x[:, :20], timestamps_s[:20], 0.0) + early.pause() + early.finish("gone")
    assert spans(steps) == 20


def test_a_remark_on_the_amplitude_names_the_likely_unit():
    """Volts taken for microvolts are told, never corrected."""
    stream = following()
    x = 20e-6 * samples(2500)
    steps = run(stream, np.arange(2500) / 250, [0, 2500], x)
    opened = steps[0]
    assert isinstance(opened, Opened)
    remark = opened.followed.remark
    assert remark is not None
    assert "look like V" in remark
    assert "--unit V!" in remark


def with_mains(n, hz=50):
    """EEG of 20 µV with four times its energy in a line."""
    return (20 * samples(n) + 57 * np.sin(2 * np.pi * hz / 250 * np.arange(n))).astype(np.float32)


def test_strong_mains_is_told_with_the_notch_that_removes_it():
    """Unless the notch is on; the share is that before it. The remark leaves with the mains."""
    for options, is_told in ((None, True), (SignalOptions(notch_hz=60), True), (SignalOptions(notch_hz=50), False)):
        stream = following(options=options)
        times_s = np.arange(6000) / 250
        stream.push(with_mains(3000), times_s[:3000], 0.0)
        epoch = stream.current
        assert epoch is not None
        assert epoch.mains_share is not None
        assert 0.75 < epoch.mains_share["50"] < 0.85
        assert epoch.mains_share["60"] < 0.02
        assert any(remark.endswith("mains at 50 Hz: give --notch 50") for remark in epoch.remarks) == is_told
        assert (epoch.remark is not None) == is_told
        stream.push(20 * samples(3000), times_s[3000:], 0.0)
        assert (epoch.remarks, epoch.remark) == ((), None)


def test_a_wrong_unit_and_mains_are_two_remarks():
    """Each stands alone in `state.remarks`; `state.why` has both."""
    stream = following()
    stream.push(1e-6 * with_mains(2500), np.arange(2500) / 250, 0.0)
    epoch = stream.current
    assert epoch is not None
    assert [("look like" in remark, "mains" in remark) for remark in epoch.remarks] == [(True, False), (False, True)]
    assert epoch.remark == "; ".join(epoch.remarks)


def test_what_waits_for_a_rate_is_bounded():
    """A stream whose clock stands still opens at its stated rate before it fills the memory."""
    stream = following(20_000.0)
    x = np.zeros((2, 5_000), np.float32)
    frozen_s = np.full(5_000, 7.0)
    steps, seconds = [], 0.0
    while not steps and seconds < 60:
        steps = stream.push(x, frozen_s, 0.0)
        seconds += 0.25
    assert seconds * 40_000 < 9_000_000
    assert isinstance(steps[0], Opened)
    assert steps[0].followed.rate_hz == 20_000.0
