"""Pass a recording to `Following` as an outlet would send it: in chunks, with its pauses."""

from collections.abc import Iterator
from itertools import pairwise

from eegstream.files.recordings import Recording
from eegstream.following import F, Following, Happened, Opened


def feed(recording: Recording, following: Following[F]) -> Iterator[list[Opened[F] | Happened[F]]]:
    """Yield the events of each second of the recording, then those of its end."""
    step = max(1, round(recording.rate_hz))
    n_samples = recording.samples.shape[1]
    for start, stop in pairwise(sorted({*range(0, n_samples, step), *recording.pauses, n_samples})):
        if start in recording.pauses:
            yield following.pause()
        yield following.push(recording.samples[:, start:stop], recording.times_s[start:stop], arrived_s=0.0)
    yield following.finish("gone")
