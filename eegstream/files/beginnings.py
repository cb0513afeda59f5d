"""Take the first seconds of a recording."""

from dataclasses import replace

import numpy as np

from eegstream.errors import RecordingError
from eegstream.files.recordings import Recording
from eegstream.files.samples import Stretch


def first_seconds(recording: Recording, seconds: float) -> Recording:
    """The first round(seconds * rate) samples, and the events before their end.

    Raises:
        RecordingError: that is not one sample.
    """
    count = round(min(seconds * recording.rate_hz, recording.pieces.shape[1]))
    if count == 0:
        raise RecordingError(
            f"--seconds {seconds:g} is less than one sample at {recording.rate_hz:g} Hz", "Give a longer duration"
        )
    times_s = recording.times_s[:count]
    end_s = np.max(times_s, where=np.isfinite(times_s), initial=0.0) + 1 / recording.rate_hz
    return replace(
        recording,
        pieces=Stretch(recording.pieces, 0, count),
        times_s=times_s,
        pauses=tuple(pause for pause in recording.pauses if pause < count),
        events=tuple(event for event in recording.events if event.t_s < end_s),
    )
