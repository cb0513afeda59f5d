"""A stream whose samples get no times is told why nothing of it is encoded, live and offline."""

import re
from itertools import count

import numpy as np
import pytest

from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import Manifest
from eegstream.epoch import MessageContext, follow_stream
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.tokenizer import encode_recording
from eegstream.wire.messages import Source
from tests.identity_bundle import manifest

RATE_HZ = 250.0
SOURCE = Source(name="s", type="EEG", source_id="", uid="", hostname="", session_id="", format="float32")
FACTS = ModelFacts(Manifest.model_validate(manifest(64)), "ab" * 32, "cpu", "float32", "2")
NOT_FINITE = r"samples are discarded: their timestamps are not finite .* correct the sender's timestamps"
NO_PACE = r"samples are discarded: their timestamps stand still or show no plausible rate"


def following(rate_hz=None):
    geometry = StreamGeometry(SOURCE, RATE_HZ, ("Cz",), ("EEG",), ("microvolts",))
    return follow_stream(
        geometry, FACTS, SignalOptions(rate_hz=rate_hz), lambda: MessageContext("s", "0" * 16, 0, count().__next__)
    )


def push(stream, timestamps_s, chunk=25):
    for first in range(0, len(timestamps_s), chunk):
        part = timestamps_s[first : first + chunk]
        stream.push(np.random.default_rng(first).normal(scale=10, size=(1, len(part))), part, 0.0)


@pytest.mark.parametrize(
    ("timestamps_s", "why"), [(np.full(1000, np.nan), NOT_FINITE), (np.zeros(1000), NO_PACE)], ids=["NaN", "still"]
)
@pytest.mark.parametrize("rate_hz", [None, RATE_HZ], ids=["measured", "given"])
def test_it_is_told_live_within_seconds(timestamps_s, why, rate_hz):
    """While the rate is being measured, and while an epoch is open."""
    stream = following(rate_hz)
    push(stream, timestamps_s[:200])
    assert stream.remark is None
    push(stream, timestamps_s)
    push(stream, timestamps_s)  # timestamps that stand still may be those of a burst, for 6 s
    assert (stream.current is None) == (rate_hz is None)
    assert re.search(why, stream.remark)
    for _ in range(20):
        push(stream, timestamps_s)
    assert stream.current is not None
    assert re.search(why, stream.remark)


def test_it_is_told_no_longer_once_timestamps_come():
    """What is told is what holds now."""
    stream = following(RATE_HZ)
    push(stream, np.full(1000, np.nan))
    assert stream.remark is not None
    push(stream, np.arange(2000) / RATE_HZ)
    assert stream.remark is None


@pytest.mark.parametrize("n", [100, 5000])
def test_it_is_told_offline(n):
    """Also of a short recording; then there is no patch, and the account has every sample."""
    recording = Recording(
        name="r",
        source_id="file:0",
        rate_hz=RATE_HZ,
        labels=("Cz",),
        types=("EEG",),
        units=("microvolts",),
        pieces=HeldSamples(np.zeros((1, n), np.float32)),
        times_s=np.full(n, np.nan),
        remarks=(),
    )
    told: list[str] = []
    *_, end = encode_recording(recording, None, FACTS, SignalOptions(), told.append)  # type: ignore[arg-type]
    assert (end.kind, end.received, end.discarded) == ("end", n, n)
    assert len(told) == 1
    assert f"the last {n} samples are discarded: their timestamps are not finite" in told[0]
