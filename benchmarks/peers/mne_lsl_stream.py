"""MNE-LSL: a stream whose buffer is acquired every millisecond, without any model. Needs `mne-lsl`."""

import time

from mne_lsl.stream import StreamLSL

from benchmarks.peers.answers import STREAM, Answers

_BUFFER_S = 2.0
_POLL_S = 0.001


def main() -> None:
    """Publish until the outlet is gone."""
    with Answers() as answers:
        stream = StreamLSL(_BUFFER_S, name=STREAM).connect(acquisition_delay=_POLL_S, timeout=60.0)
        while stream.connected:
            if stream.n_new_samples:
                samples, stamps_s = stream.get_data()
                answers.send(float(stamps_s[-1]), samples.tobytes())
            time.sleep(_POLL_S)


if __name__ == "__main__":
    main()
