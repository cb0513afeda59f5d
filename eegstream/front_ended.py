"""The signal that the model sees: a recording behind the front end, as far as patches cover it.

C channels, N samples in a patch, T samples.
"""

import numpy as np

from eegstream.codec.facts import ModelFacts
from eegstream.decoding import Reconstruction, times_of_samples_s
from eegstream.errors import RecordingError
from eegstream.events import Patch
from eegstream.files.recordings import Recording
from eegstream.following import Opened
from eegstream.stream import SignalOptions
from eegstream.tokenizer import follow_recording
from eegstream.wire.messages import Spec, UtcMark

_NO_DATE = UtcMark(iso="", clock=0.0)


def front_ended(recording: Recording, facts: ModelFacts, options: SignalOptions) -> Reconstruction:
    """The front-ended signal of a recording, in the form and with the times of its decode.

    Raises:
        ConfigError: the settings do not suit this recording.
        RecordingError: there is not one patch, or the channels or the rate change within the recording.
        StreamError: no channel of it is EEG.
    """
    specs: list[Spec] = []
    patches: dict[tuple[int, int], list[Patch]] = {}
    for step in (step for steps in follow_recording(recording, facts, options) for step in steps):
        if isinstance(step, Opened):
            specs.append(step.followed.spec(_NO_DATE))
        elif isinstance(step.event, Patch):
            patches.setdefault((len(specs) - 1, step.event.segment), []).append(step.event)
    if not patches or len({(spec.channels, spec.rate_hz) for spec in specs}) != 1:
        what = "no patch" if not patches else "channels or a rate that change"
        raise RecordingError(f"{recording.name} has {what}", "Give a longer recording, or leave out --with-signal")
    spec = specs[0]
    rate_hz = spec.model_rate_hz or spec.rate_hz
    signals, times_s = [], []
    for own in patches.values():
        starts = np.array([patch.index * spec.hop for patch in own], np.int64)
        signal = np.empty((len(spec.channels), int(starts[-1]) + spec.patch), np.float32)
        for start, patch in zip(starts, own, strict=True):
            signal[:, start : start + spec.patch] = patch.samples_uv
        signals.append(signal)
        times_s.append(times_of_samples_s(starts, np.array([patch.t_s for patch in own]), signal.shape[1], rate_hz))
    sizes = [len(t) for t in times_s]
    return Reconstruction(
        eeg_uv=np.concatenate(signals, axis=1),
        rate_hz=rate_hz,
        labels=spec.channels,
        t=np.concatenate(times_s),
        epoch=np.repeat(np.array([epoch for epoch, _ in patches], np.int32), sizes),
        segment=np.repeat(np.array([segment for _, segment in patches], np.int32), sizes),
        uncovered_s=0.0,
        unaccounted=0,
    )
