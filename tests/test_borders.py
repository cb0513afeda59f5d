"""A border tells what is missing: by a counter exactly; without one, whether samples were lost or a clock was set."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.counted import CountedPipeline
from eegstream.dsp.channels import ChannelChoice, select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import StreamError
from eegstream.events import Patch, SegmentEnd
from eegstream.pipeline import PipelineSettings, StreamPipeline
from tests.laws.strategies import cuts

RATE_HZ = 250.0
LABELS, CHOICE = ["C3", "Counter", "C4"], ChannelChoice(counter="counter")
HOUR_S = 3600.0


def counted(fill_s=0.0, **more):
    selection = select_channels(LABELS, ["EEG"] * 3, ["microvolts"] * 3, CHOICE)
    setting = PipelineSettings(FrontEndSettings(256.0, 0.5, None), patch=64, hop=64, amplitude_uv=2000.0, fill_s=fill_s)
    pipeline = StreamPipeline(setting, RATE_HZ, selection, **more)
    assert selection.counter == 1
    return CountedPipeline(pipeline, selection.counter, "Counter")


def uncounted(**more):
    selection = select_channels(["C3", "C4"], ["EEG"] * 2, ["microvolts"] * 2)
    setting = PipelineSettings(FrontEndSettings(256.0, 0.5, None), patch=64, hop=64, amplitude_uv=2000.0)
    return StreamPipeline(setting, RATE_HZ, selection, **more)


def signal(n, seed=0):
    return np.random.default_rng(seed).normal(scale=10, size=(3, n))


def device(n, modulus=256):
    """Samples (3, n), the second channel counts them; evenly spaced timestamps."""
    x = signal(n)
    x[1] = np.arange(n) % modulus
    return x, 100 + np.arange(n) / RATE_HZ


def play(stages, x, timestamps_s, arrived_s=None, step=10):
    """All events; chunk by chunk, each of which arrives with its last sample unless told otherwise."""
    arrived_s = np.zeros(len(timestamps_s)) if arrived_s is None else arrived_s
    events = []
    for first in range(0, len(timestamps_s), step):
        part = slice(first, first + step)
        events += stages.push(x[:, part], timestamps_s[part], float(arrived_s[part][-1]))
    events += stages.finish("gone")
    return [e for e in events if isinstance(e, Patch)], [e for e in events if isinstance(e, SegmentEnd)]


def account(accounts):
    """(reason, missing, received) of each segment."""
    return [(a.reason, a.missing, a.received) for a in accounts]


def test_a_loss_that_timestamps_hide_is_counted():
    """Three samples are missing, the stamps go on evenly: a border at the very sample, and three are told."""
    x, timestamps_s = device(3003)
    _, accounts = play(counted(), np.delete(x, [1500, 1501, 1502], axis=1), timestamps_s[:3000])
    assert account(accounts) == [("missing", 3, 1500), ("gone", None, 1500)]


def test_the_count_is_exact_where_timestamps_jitter():
    """5 ms of jitter: the estimate is off by some, the counter is not."""
    x, timestamps_s = device(5000)
    keep = np.delete(np.arange(5000), np.arange(2500, 2560))
    timestamps_s = timestamps_s + np.random.default_rng(1).normal(scale=5e-3, size=5000)
    _, accounts = play(counted(), x[:, keep], timestamps_s[keep])
    assert account(accounts) == [("missing", 60, 2500), ("gone", None, 2440)]


@pytest.mark.parametrize("count", [256, 2500, 3 * 256 + 7])
def test_a_loss_of_several_rounds_is_counted_with_the_rounds(count):
    """A counter of 8 bits knows the rest, the time knows the rounds."""
    x, timestamps_s = device(8000)
    keep = np.delete(np.arange(8000), np.arange(3000, 3000 + count))
    _, accounts = play(counted(), x[:, keep], timestamps_s[keep])
    assert account(accounts) == [("missing", count, 3000), ("gone", None, len(keep) - 3000)]


def test_a_step_of_the_clock_is_no_loss_if_the_counter_goes_on():
    """The stamps jump by half a second, the counter by one."""
    x, timestamps_s = device(4000, 2**16)
    timestamps_s[2000:] += 0.5
    _, accounts = play(counted(), x, timestamps_s)
    assert account(accounts) == [("clock", 0, 2000), ("gone", None, 2000)]


def test_a_repeated_sample_is_discarded():
    """The patches are those of the stream without it; the ledger has it."""
    x, timestamps_s = device(3000)
    twice = np.insert(np.arange(3000), 1500, 1499)
    clean, (end,) = play(counted(), x, timestamps_s)
    patches, (again,) = play(counted(), x[:, twice], timestamps_s[twice])
    assert [p.samples_uv.tobytes() for p in patches] == [p.samples_uv.tobytes() for p in clean]
    assert (again.received, again.discarded) == (end.received + 1, end.discarded + 1)


def test_a_counter_that_is_set_anew_leaves_missing_open():
    """The device started again; nobody knows for how long it was gone."""
    x, timestamps_s = device(4000, 2**24)
    x[1, 2000:] = np.arange(2000)
    _, accounts = play(counted(), x, timestamps_s)
    assert account(accounts) == [("missing", None, 2000), ("gone", None, 2000)]


def test_a_small_loss_is_filled_on_request():
    """Five samples of a straight line come back, and no border is told."""
    x, timestamps_s = device(3000)
    keep = np.delete(np.arange(3000), np.arange(1500, 1505))
    patches, (end,) = play(counted(fill_s=0.02), x[:, keep], timestamps_s[keep])
    whole, _ = play(counted(), x, timestamps_s)
    assert (len(patches), end.received, end.reason) == (len(whole), 2995, "gone")
    np.testing.assert_allclose([p.t_s for p in patches], [p.t_s for p in whole], atol=1e-5)


def test_a_counter_is_never_encoded_and_is_told():
    """It is left out, even if the user names it among the channels; the notes say what it is for."""
    choice = ChannelChoice.of(channels="C3,Counter", counter="2")
    selection = select_channels(LABELS, ["EEG"] * 3, ["uV"] * 3, choice)
    assert (selection.labels, selection.counter) == (("C3",), 1)
    assert "samples are counted by the channel Counter as --counter-channel says" in selection.notes
    assert any("counts the samples" in out.why for out in selection.left_out)


@pytest.mark.parametrize("pattern", ["Nothing", "C*"])
def test_a_counter_that_is_not_one_channel_is_refused(pattern):
    """The line says how many match, and what to give."""
    with pytest.raises(StreamError, match=r"--counter-channel has .* expected one"):
        select_channels(LABELS, ["EEG"] * 3, ["uV"] * 3, ChannelChoice(counter=pattern))


def test_a_channel_that_does_not_count_is_told_and_not_obeyed():
    """Same patches as without it."""
    x, timestamps_s = signal(3000), 100 + np.arange(3000) / RATE_HZ
    stages = counted()
    patches, accounts = play(stages, x, timestamps_s)
    plain, plain_accounts = play(uncounted(), x[[0, 2]], timestamps_s)
    assert [p.samples_uv.tobytes() for p in patches] == [p.samples_uv.tobytes() for p in plain]
    assert accounts == plain_accounts
    assert "Counter is not used as a counter" in stages.remark


def test_a_clean_counter_changes_nothing():
    """Patches, times and the ledger are those of the stream without it, to the bit."""
    x, timestamps_s = device(4000, 100)
    patches, accounts = play(counted(), x, timestamps_s)
    plain, plain_accounts = play(uncounted(), x[[0, 2]], timestamps_s)
    assert [(p.t_s, p.samples_uv.tobytes(), p.flags.tobytes()) for p in patches] == [
        (p.t_s, p.samples_uv.tobytes(), p.flags.tobytes()) for p in plain
    ]
    assert accounts == plain_accounts


@given(data=st.data(), seed=st.integers(0, 99), hidden=st.booleans(), fill_s=st.sampled_from([0.0, 0.05]))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_chunking_changes_nothing(data, seed, hidden, fill_s):
    """Law 1, with losses, repetitions, restarts and overflows of the counter."""
    rng = np.random.default_rng(seed)
    x, timestamps_s = device(1500, data.draw(st.sampled_from([100, 256, 2**16])))
    kept = np.sort(np.concatenate([np.flatnonzero(rng.random(1500) > 0.003), rng.integers(300, 1500, 3)]))
    x, timestamps_s = x[:, kept], timestamps_s[: len(kept)] if hidden else timestamps_s[kept]
    if data.draw(st.booleans()):
        x[1, 900:] = np.arange(x.shape[1] - 900)

    def bits(borders):
        stages = counted(fill_s=fill_s)
        events = []
        for start, stop in pairwise(borders):
            events += stages.push(x[:, start:stop], timestamps_s[start:stop], 0.0)
        events += stages.finish("gone")
        return [
            tuple(np.asarray(getattr(event, field.name)).tobytes() for field in dataclasses.fields(event))
            if isinstance(event, Patch)
            else event
            for event in events
        ]

    whole = bits([0, len(timestamps_s)])
    assert bits(data.draw(cuts(len(timestamps_s)))) == whole
    accounts = [event for event in whole if isinstance(event, SegmentEnd)]
    assert sum(event.received for event in accounts) == len(timestamps_s)


def set_forward(seconds, n=6000, at=3000, pause_s=0.0):
    """Samples whose sender's clock is set forward, and which arrive 20 ms after they were taken, after a pause."""
    x, true_s = signal(n)[:2], 100 + np.arange(n) / RATE_HZ
    true_s[at:] += pause_s
    stamps_s = true_s.copy()
    stamps_s[at:] += seconds
    return x, stamps_s, 9000 + true_s + 0.02


@pytest.mark.parametrize("seconds", [2.0, 60.0, HOUR_S, 400 * 24 * HOUR_S])
@pytest.mark.parametrize("pause_s", [0.0, 0.4, 30.0])
@pytest.mark.parametrize("step", [1, 10, 250])
def test_a_clock_that_is_set_forward_is_no_loss(seconds, pause_s, step):
    """Samples arrive as before, only their stamps jump: the reason is the clock, and nobody knows what is missing."""
    x, stamps_s, arrived_s = set_forward(seconds, pause_s=pause_s)
    _, accounts = play(uncounted(), x, stamps_s, arrived_s, step)
    assert account(accounts) == [("clock", None, 3000), ("gone", None, 3000)]


@pytest.mark.parametrize("seconds", [0.5, 5.0, HOUR_S])
@pytest.mark.parametrize("step", [1, 10, 250])
def test_a_loss_is_told_as_a_loss(seconds, step):
    """The arrivals jump, too."""
    x, stamps_s, arrived_s = set_forward(0.0, pause_s=seconds)
    _, accounts = play(uncounted(), x, stamps_s, arrived_s, step)
    assert account(accounts) == [("missing", round(seconds * RATE_HZ), 3000), ("gone", None, 3000)]


@pytest.mark.parametrize(("held_s", "after_s"), [(1.5, 3.0), (3.7, 3.0), (3.7, 6.5), (8.0, 2.5), (8.0, 9.0)])
def test_a_clock_that_is_set_after_a_burst_is_no_loss(held_s, after_s):
    """The network held samples back for some seconds; once they come in time again, the clock is believed again."""
    x, stamps_s, arrived_s = set_forward(60.0, n=9000, at=6000)
    set_at_s = arrived_s[6000]
    free_s = set_at_s - after_s
    held = (arrived_s > free_s - held_s) & (arrived_s < free_s)
    arrived_s = np.where(held, free_s, arrived_s)
    _, accounts = play(uncounted(), x, stamps_s, arrived_s)
    assert account(accounts) == [("clock", None, 6000), ("gone", None, 3000)]


def test_a_loss_within_a_delayed_burst_is_a_loss():
    """The network was away for 40 s, then all came at once, without 30 s that no queue could hold."""
    x, true_s = signal(12_000)[:2], 100 + np.arange(12_000) / RATE_HZ
    arrived_s = np.where(true_s < 112, true_s, np.maximum(true_s, 152.0))
    keep = (true_s < 114) | (true_s >= 144)
    _, accounts = play(uncounted(), x[:, keep], true_s[keep], arrived_s[keep])
    assert [(a.reason, a.missing) for a in accounts] == [("missing", 7500), ("gone", None)]


@pytest.mark.parametrize("speed", [0.5, 2.0, 10.0, np.inf])
def test_arrivals_at_another_pace_tell_nothing(speed):
    """A recording that is played fast, with a hole of a minute: the hole is a loss, as `encode` tells it."""
    x, stamps_s, _ = set_forward(0.0, pause_s=60.0)
    _, accounts = play(uncounted(), x, stamps_s, 9000 + stamps_s / speed)
    assert account(accounts) == [("missing", 15_000, 3000), ("gone", None, 3000)]


def test_a_recording_has_no_arrivals():
    """Neither from a file nor played: `play` shortens long holes, so its arrivals would lie."""
    x, stamps_s, arrived_s = set_forward(HOUR_S)
    _, accounts = play(uncounted(live_arrivals=False), x, stamps_s, arrived_s)
    assert account(accounts) == [("missing", 900_000, 3000), ("gone", None, 3000)]


def test_what_arrivals_decide_changes_no_patch():
    """Live and offline: codes, segments and the ledger are the same; only the border's reason and count differ."""
    x, stamps_s, arrived_s = set_forward(HOUR_S)
    live, live_accounts = play(uncounted(), x, stamps_s, arrived_s)
    offline, offline_accounts = play(uncounted(), x, stamps_s)
    assert [(p.segment, p.index, p.t_s, p.samples_uv.tobytes()) for p in live] == [
        (p.segment, p.index, p.t_s, p.samples_uv.tobytes()) for p in offline
    ]
    assert [dataclasses.replace(a, reason="gone", missing=None) for a in live_accounts] == [
        dataclasses.replace(a, reason="gone", missing=None) for a in offline_accounts
    ]
