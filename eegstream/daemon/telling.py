"""The log's lines about streams; each kind of line has one place, and the same facts for programs."""

import logging

from eegstream.epoch import Epoch
from eegstream.logs import about
from eegstream.wire.messages import Gap

log = logging.getLogger(__name__)


def tell_begin(stream: str, number: int, epoch: Epoch) -> None:
    """A stream's epoch begins."""
    facts = about("begin", stream, epoch=number, channels=epoch.n_channels, rate_hz=epoch.rate_hz)
    log.info("%s epoch %d: %s", stream, number, epoch.summary, extra=facts)


def tell_end(stream: str, number: int, why: str) -> None:
    """A stream has no outlet any more."""
    log.info("%s epoch %d ended: %s", stream, number, why, extra=about("end", stream, epoch=number, why=why))


def tell_gap(gap: Gap) -> None:
    """A segment ends within an epoch: samples were lost, or the times make no sense any more."""
    missing = {None: "an unknown number of samples", 1: "1 sample"}.get(gap.missing, f"{gap.missing} samples")
    facts = about(
        "gap",
        gap.stream,
        epoch=gap.epoch,
        segment=gap.segment,
        reason=gap.reason,
        missing=gap.missing,
        received=gap.received,
        discarded=gap.discarded,
    )
    line = "%s epoch %d: segment %d ends (%s), %s missing"
    log.warning(line, gap.stream, gap.epoch, gap.segment, gap.reason, missing, extra=facts)


def tell_dropped(stream: str, count: int) -> None:
    """Samples were received and not encoded."""
    facts = about("dropped", stream, samples=count)
    log.warning("%s: %d samples dropped, the daemon is behind", stream, count, extra=facts)


def tell_no_codes(stream: str, segment: int, why: str) -> None:
    """The encoder gave no codes for a patch."""
    facts = about("no-codes", stream, segment=segment, why=why)
    log.error("%s: segment %d ends without codes: %s", stream, segment, why, extra=facts)


def tell_refused(stream: str, why: str) -> None:
    """A stream is announced, and cannot be used."""
    log.warning("%s refused: %s", stream, why, extra=about("refused", stream, why=why))
