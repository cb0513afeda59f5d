"""Take the first seconds of a recording."""

from dataclasses import replace

from eegstream.errors import RecordingError
from eegstream.files.recordings import Recording


def first_seconds(recording: Recording, seconds: float) -> Recording:
    """The first round(seconds * rate) samples.

    Raises:
        RecordingError: that is not one sample.
    """
    count = round(min(seconds * recording.rate_hz, recording.samples.shape[1]))
    if count == 0:
        raise RecordingError(
            f"--seconds {seconds:g} is less than one sample at {recording.rate_hz:g} Hz", "Give a longer duration"
        )
    return replace(
        recording,
        samples=recording.samples[:, :count],
        times_s=recording.times_s[:count],
        pauses=tuple(pause for pause in recording.pauses if pause < count),
    )
