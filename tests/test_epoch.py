"""One epoch's messages: what goes to the encoder, and what comes out in which order."""

from itertools import count

import numpy as np
import pytest

from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import Manifest
from eegstream.epoch import Clock, Epoch, MessageContext
from eegstream.errors import ConfigError, StreamError
from eegstream.events import Patch
from eegstream.pending import PendingEvent, encode_pending
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.wire.messages import Codes, End, Gap, Source, UtcMark
from tests.identity_bundle import manifest

RUN = "00112233445566ff"
SOURCE = Source(name="s", type="EEG", source_id="", uid="", hostname="", session_id="", format="float32")


class CountingEncoder:
    """Codes that tell each row's place in the batch; remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[tuple[np.ndarray, np.ndarray]] = []

    def encode(self, patches_uv, rates_hz):
        self.batches.append((patches_uv, rates_hz))
        return np.stack([np.arange(len(patches_uv)), rates_hz.astype(np.int32)], axis=1).astype(np.int32)


def make(rate_hz=250.0, labels=("C3", "C4"), options=None, stream="s-000000", **frontend) -> Epoch:
    description = manifest(**({"highpass_hz": None} | frontend)) | {"rate_range_hz": [100, 1000]}
    facts = ModelFacts(Manifest.model_validate(description), "ab" * 32, "cpu", "float32", "2.0")
    geometry = StreamGeometry(SOURCE, rate_hz, labels, ("EEG",) * len(labels), ("microvolts",) * len(labels))
    context = MessageContext(stream, RUN, 0, count().__next__)
    return Epoch(geometry, facts, options or SignalOptions(), context)


def pend(epoch, seconds=1.0, hole=False):
    n = round(seconds * epoch.rate_hz)
    timestamps = np.arange(n) / epoch.rate_hz
    if hole:
        timestamps[n // 2 :] += 1.0
    x = np.random.default_rng(0).normal(size=(2, n)).astype(np.float32)
    events = epoch.push(x, timestamps, 5.0) + epoch.finish("gone")
    return [PendingEvent(epoch, event, Clock(0.5, 0.1), 7.0) for event in events]


@pytest.mark.parametrize("model_rate_hz", [256.0, None])
def test_the_nominal_rate_is_the_models_condition(model_rate_hz):
    """The stream's own rate, whether it is resampled or not."""
    encoder = CountingEncoder()
    encode_pending(pend(make(500.0, model_rate_hz=model_rate_hz)), encoder)
    ((_, rates_hz),) = encoder.batches
    assert set(rates_hz.tolist()) == {500.0}
    assert rates_hz.dtype == np.float32


def test_streams_share_a_batch_and_keep_their_rows():
    """One call for everything that is pending; each patch gets the codes of its own rows."""
    first, second = make(250.0), make(500.0, stream="t-111111")
    pending = pend(first) + pend(second)
    encoder = CountingEncoder()
    messages = encode_pending(pending, encoder)
    ((patches_uv, _),) = encoder.batches
    codes = [message for message in messages if isinstance(message, Codes)]
    assert [message.stream for message in messages] == [item.epoch.stream for item in pending]
    np.testing.assert_array_equal(np.concatenate([m.array[0, :, 0] for m in codes]), np.arange(len(patches_uv)))
    for message in codes:
        assert set(message.array[0, :, 1].tolist()) == {250 if message.stream == first.stream else 500}
    expected = np.concatenate([item.event.samples_uv for item in pending if isinstance(item.event, Patch)])
    np.testing.assert_array_equal(patches_uv, expected)


def test_messages_keep_the_order_of_events_and_count_on():
    """spec, codes, gap, codes, end; seq without a hole."""
    epoch = make()
    spec = epoch.spec(UtcMark(iso="now", clock=0.0))
    messages = encode_pending(pend(epoch, 2.0, hole=True), CountingEncoder())
    assert [message.seq for message in (spec, *messages)] == list(range(len(messages) + 1))
    kinds = [message.kind for message in messages]
    assert kinds == ["codes"] * 3 + ["gap"] + ["codes"] * 3 + ["end"]
    assert isinstance(messages[3], Gap)
    assert messages[3].missing == 250
    assert isinstance(messages[-1], End)


def test_codes_carry_clock_and_arrival():
    """What only the moment knew."""
    message = encode_pending(pend(make()), CountingEncoder())[0]
    assert (message.clock_offset, message.clock_error, message.arrived) == (0.5, 0.1, 7.0)


def test_nothing_pending_needs_no_encoder():
    """Nor does a segment without a patch."""
    encoder = CountingEncoder()
    assert encode_pending([], encoder) == []
    (end,) = encode_pending(pend(make(), 0.1), encoder)
    assert (end.kind, encoder.batches) == ("end", [])


def test_notes_tell_what_options_changed():
    """Nothing by default; notch, filling and a rate outside the bundle's range are told."""
    mark = UtcMark(iso="now", clock=0.0)
    assert make().spec(mark).notes == ()
    notes = make(2000.0, options=SignalOptions(notch_hz=50, fill_ms=20)).spec(mark).notes
    assert notes == (
        "notch at 50 Hz by option, the bundle has None",
        "gaps of at most 20 ms are filled by linear interpolation",
        "2000 Hz is outside the 100 to 1000 Hz that the bundle was trained for",
    )


def test_the_notch_option_replaces_the_bundles():
    """And the spec's front end says so."""
    spec = make(notch_hz=50, options=SignalOptions(notch_hz=60)).spec(UtcMark(iso="now", clock=0.0))
    assert spec.frontend.notch_hz == 60


def test_streams_that_cannot_be_encoded_are_refused():
    """A notch above half the rate, no EEG channel, a negative filling."""
    with pytest.raises(ConfigError, match="notch at 60 Hz"):
        make(110.0, options=SignalOptions(notch_hz=60))
    with pytest.raises(ConfigError, match="fill-ms is -1"):
        make(options=SignalOptions(fill_ms=-1))
    geometry = StreamGeometry(SOURCE, 250.0, ("ECG",), ("ECG",), ("mV",))
    facts = ModelFacts(Manifest.model_validate(manifest()), "", "", "", "")
    with pytest.raises(StreamError):
        Epoch(geometry, facts, SignalOptions(), MessageContext("s", RUN, 0, count().__next__))
