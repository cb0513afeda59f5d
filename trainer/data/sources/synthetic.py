"""Synthetic EEG in place of recordings."""

from collections.abc import Mapping, Sequence

from trainer.data.corpora import Corpus
from trainer.data.splits import SIDES, RecordingSource


def synthetic(
    rates_hz: Sequence[float], channels: int, seconds: float, recordings: Mapping[str, int], seed: int
) -> Corpus:
    """Synthetic EEG: the given number of recordings on each side, with the rates in turn, each with its own seed."""

    def source(side: str, number: int) -> RecordingSource:
        own_seed = seed + 1000 * SIDES.index(side) + number
        rate_hz = rates_hz[number % len(rates_hz)]
        path = f"synthetic:rate={rate_hz:g},channels={channels},seconds={seconds:g},seed={own_seed}"
        return RecordingSource("synthetic", str(own_seed), path)

    return Corpus(
        {side: [source(side, number) for number in range(recordings.get(side, 0))] for side in SIDES},
        attributions={"synthetic": "made up by eegstream, no recording"},
    )
