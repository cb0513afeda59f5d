"""The laws of the whole signal path, from raw timestamps to patches and the ledger."""

import dataclasses
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.channels import select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.events import Patch, SegmentEnd
from eegstream.pipeline import PipelineSettings, StreamPipeline
from tests.laws.strategies import LiveInput, chunks, cuts, live_inputs

SETTINGS = [
    PipelineSettings(FrontEndSettings(256.0, 0.5, None), patch=64, hop=64, amplitude_uv=50.0),
    PipelineSettings(FrontEndSettings(256.0, 0.5, 45.0), patch=32, hop=12, amplitude_uv=50.0, fill_s=0.1),
    PipelineSettings(FrontEndSettings(None, None, None), patch=50, hop=50, amplitude_uv=50.0),
]
RELAXED = settings(deadline=None, max_examples=120, derandomize=True)


def pipeline(live: LiveInput, setting: PipelineSettings) -> StreamPipeline:
    labels = [f"C{n}" for n in range(len(live.samples))]
    selection = select_channels(labels, ["EEG"] * len(labels), ["microvolts"] * len(labels))
    return StreamPipeline(setting, live.rate_hz, selection)


def run(live: LiveInput, setting: PipelineSettings, borders: list[int]) -> list[Patch | SegmentEnd]:
    """Every event of a stream; `arrived` is the index of the chunk."""
    stages = pipeline(live, setting)
    events: list[Patch | SegmentEnd] = []
    for x, timestamps in zip(chunks(live.samples, borders), chunks(live.timestamps_s, borders), strict=True):
        events += stages.push(x, timestamps, arrived_s=0.0)
    return events + stages.finish("gone")


def as_bytes(event: Patch | SegmentEnd) -> tuple:
    """Every field, floats and arrays as their bits."""
    fields = [getattr(event, field.name) for field in dataclasses.fields(event)]
    return tuple(np.asarray(value).tobytes() if isinstance(value, float | np.ndarray) else value for value in fields)


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS), data=st.data())
@RELAXED
def test_chunking_changes_nothing(live, setting, data):
    """Law 1: how the samples were cut never changes a bit of patches, flags, times, gaps or the ledger."""
    length = len(live.timestamps_s)
    whole = [as_bytes(event) for event in run(live, setting, [0, length])]
    assert [as_bytes(event) for event in run(live, setting, data.draw(cuts(length)))] == whole


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS), data=st.data())
@RELAXED
def test_chunks_that_are_taken_together_keep_their_arrivals(live, setting, data):
    """Pushed one by one, or at once with a time for each sample: the same events, arrivals included."""
    borders = data.draw(cuts(len(live.timestamps_s)))
    stages, events = pipeline(live, setting), []
    for number, (start, stop) in enumerate(pairwise(borders)):
        events += stages.push(live.samples[:, start:stop], live.timestamps_s[start:stop], float(number))
    events += stages.finish("gone")
    arrived_s = np.repeat(np.arange(len(borders) - 1, dtype=np.float64), np.diff(borders))
    stages = pipeline(live, setting)
    together = stages.push(live.samples, live.timestamps_s, arrived_s) + stages.finish("gone")
    assert [as_bytes(event) for event in together] == [as_bytes(event) for event in events]


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS))
@RELAXED
def test_the_ledger_adds_up(live, setting):
    """Law 4: every sample lies in an emitted patch's own span or is announced as discarded."""
    events = run(live, setting, [0, len(live.timestamps_s)])
    accounts = [event for event in events if isinstance(event, SegmentEnd)]
    assert sum(account.received for account in accounts) == len(live.timestamps_s)
    assert [account.segment for account in accounts] == list(range(len(accounts)))
    assert accounts[-1].reason == "gone"
    assert all(account.reason != "gone" for account in accounts[:-1])
    for account in accounts:
        assert 0 <= account.discarded <= account.received
        patches = [event for event in events if isinstance(event, Patch) and event.segment == account.segment]
        assert [patch.index for patch in patches] == list(range(account.emitted))
        if account.emitted == 0:
            assert account.discarded == account.received


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS))
@RELAXED
def test_patches_are_finite_whatever_comes(live, setting):
    """Non-finite input is replaced before any filter, and what float32 cannot hold counts as such."""
    for event in run(live, setting, [0, len(live.timestamps_s)]):
        if isinstance(event, Patch):
            assert np.isfinite(event.samples_uv).all()
            assert np.isfinite(event.t_s)


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS), data=st.data())
@RELAXED
def test_the_future_changes_nothing(live, setting, data):
    """Patches that left stay true whatever comes later."""
    length = len(live.timestamps_s)
    now = data.draw(st.integers(0, length))
    stages = pipeline(live, setting)
    early = stages.push(live.samples[:, :now], live.timestamps_s[:now], arrived_s=0.0)
    whole = run(live, setting, [0, length])
    assert [as_bytes(event) for event in whole[: len(early)]] == [as_bytes(event) for event in early]


@given(live=live_inputs(), setting=st.sampled_from(SETTINGS))
@RELAXED
def test_a_segment_knows_nothing_of_the_one_before(live, setting):
    """Law 5: state is fresh after every gap: a segment's samples alone give the same patches."""
    events = run(live, setting, [0, len(live.timestamps_s)])
    accounts = [event for event in events if isinstance(event, SegmentEnd)]
    if setting.fill_s or len(accounts) < 2:
        return
    start = accounts[0].received
    rest = LiveInput(live.rate_hz, live.samples[:, start:], live.timestamps_s[start:])
    again = [event for event in run(rest, setting, [0, len(rest.timestamps_s)]) if isinstance(event, Patch)]
    later = [event for event in events if isinstance(event, Patch) and event.segment > 0]
    assert [as_bytes(patch)[1:] for patch in later] == [as_bytes(patch)[1:] for patch in again]
