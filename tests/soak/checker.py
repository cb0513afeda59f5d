"""Holds everything that a subscriber hears against the wire's promises, as it comes; pure."""

from fractions import Fraction
from math import ceil

import numpy as np

from eegstream.client import Codes, Damaged, End, Gap, Loss, Message, Spec, State
from tests.soak.content import PATCH, ContentError, decoded, expect_patch
from tests.soak.heard import Heard, Violation
from tests.soak.pace import Pace
from tests.soak.sent import Sent, hole_complaint

_COUNTED = ("messages", "codes", "compared", "gaps", "ends", "lost", "totals", "missing", "made_up_missing")
_COUNTED += ("explained_missing", "untold_missing")


class Checker:
    """Feed it with all that one subscriber hears; `sent` tells what the outlets sent."""

    def __init__(self, sent: Sent, pace: Pace) -> None:
        self._sent, self.pace = sent, pace
        self.violations: list[Violation] = []
        self._streams: dict[tuple[str, str], Heard] = {}
        self._now_s = 0.0
        self._runs: list[str] = []
        self._polite: set[str] = set()
        self._totals: dict[str, int] = {}
        self._epochs_of: dict[str, int] = {}
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.reasons: dict[str, int] = {}

    def take(self, item: Message | Loss | Damaged, now_s: float) -> None:
        """Check what was heard."""
        self._now_s = now_s
        self.counts["messages"] += 1
        if isinstance(item, Damaged):
            self._break("damaged", item.stream, "", item.why)
            return
        self._check_run(item)
        stream = self._streams.setdefault((item.stream, item.run), Heard())
        if isinstance(item, Loss):
            self._take_loss(stream, item)
        elif isinstance(item, State):
            self._take_state(stream, item)
        elif item.seq < stream.next_seq:
            if item != stream.spec and stream.spec is not None and isinstance(item, Spec):
                self._break("repeat", item.stream, item.run, f"seq {item.seq} came again, and differs")
            elif not isinstance(item, Spec):
                self._break("seq", item.stream, item.run, f"seq {item.seq} came again")
        else:
            if item.seq > stream.next_seq:
                self._break("seq", item.stream, item.run, f"seq {item.seq} instead of {stream.next_seq}")
                stream.forget()
            stream.next_seq = item.seq + 1
            {Spec: self._take_spec, Codes: self._take_codes, Gap: self._take_gap, End: self._take_end}[type(item)](
                stream, item
            )

    def look(self, now_s: float) -> None:
        """Check what did not come."""
        self._now_s = now_s
        for what, name, text in self.pace.look(now_s):
            self._break(what, name, "", text)

    def expect_total(self, uid: str, count: int) -> None:
        """An outlet has sent all that it will, and leaves in a moment."""
        self._totals[uid] = count

    def stopped(self, run: str) -> None:
        """The daemon ended as it should: no epoch of its run is open."""
        self._polite.add(run)

    def broken(self, what: str, text: str, now_s: float) -> None:
        """Note what was seen elsewhere."""
        self._now_s = now_s
        self._break(what, "", "", text)

    def _break(self, what: str, stream: str, run: str, text: str) -> None:
        self.violations.append(Violation(what, stream, run, text, self._now_s))

    def _check_run(self, item: Message | Loss) -> None:
        if self._runs and item.run == self._runs[-1]:
            return
        if item.run in self._runs:
            self._break("run", item.stream, item.run, "a run that was over goes on")
            return
        for (name, run), stream in self._streams.items():
            if self._runs and run == self._runs[-1] and run in self._polite and stream.spec is not None:
                self._break("end", name, run, f"epoch {stream.spec.epoch} has no end")
        self._runs.append(item.run)

    def _take_loss(self, stream: Heard, item: Loss) -> None:
        if item.first_seq != stream.next_seq:
            self._break("loss", item.stream, item.run, f"a loss from {item.first_seq}, expected {stream.next_seq}")
        self.counts["lost"] += item.count
        stream.next_seq = item.first_seq + item.count
        stream.forget()

    def _take_state(self, stream: Heard, item: State) -> None:
        if item.stream == "daemon":
            return
        if item.last_seq is not None and item.last_seq >= stream.next_seq:
            self._break("seq", item.stream, item.run, f"last_seq {item.last_seq}, heard up to {stream.next_seq - 1}")
            stream.next_seq = item.last_seq + 1
            stream.forget()
        if item.received < stream.state_received:
            self._break("ledger", item.stream, item.run, f"received falls to {item.received}")
        stream.state_received = item.received
        if stream.received is None or item.last_seq != stream.next_seq - 1:
            return
        if item.received < stream.received or (item.status == "lost" and item.received != stream.received):
            self._break("ledger", item.stream, item.run, f"{item.received} received, accounts say {stream.received}")
        if item.status == "lost" and item.encoded != stream.encoded:
            self._break("ledger", item.stream, item.run, f"{item.encoded} encoded, accounts say {stream.encoded}")

    def _take_spec(self, stream: Heard, item: Spec) -> None:
        if stream.received is not None and stream.spec is not None:
            self._break("spec", item.stream, item.run, f"epoch {item.epoch} begins, {stream.spec.epoch} has no end")
        if stream.received is not None and item.epoch != stream.next_epoch:
            self._break("spec", item.stream, item.run, f"epoch {item.epoch} instead of {stream.next_epoch}")
        stream.spec, stream.next_epoch = item, item.epoch + 1
        stream.segment = stream.next_first = stream.epoch_received = 0
        stream.next_number = stream.segment_number = stream.life = stream.last = None
        stream.last_t = float("-inf")
        uid = item.source.uid
        self._epochs_of[uid] = self._epochs_of.get(uid, 0) + 1

    def _take_codes(self, stream: Heard, item: Codes) -> None:
        self.counts["codes"] += 1
        spec = stream.spec
        if spec is None or spec.epoch != item.epoch:
            if stream.received is not None:
                self._break("spec", item.stream, item.run, f"codes of epoch {item.epoch} without its spec")
            return
        here, expected = (item.segment, item.first), (stream.segment, stream.next_first)
        if stream.next_first is not None and here != expected:
            self._break("patches", item.stream, item.run, f"segment and patch {here} instead of {expected}")
            stream.forget()
        stream.segment, stream.next_first = item.segment, item.first + item.shape[0]
        if item.shape[1:] != (len(spec.channels), len(spec.words)):
            self._break("shape", item.stream, item.run, f"{item.shape} in epoch {item.epoch}")
            return
        if (item.array >= np.array(spec.words)).any():
            self._break("words", item.stream, item.run, f"a code outside its codebook, seq {item.seq}")
        if item.first and item.t[0] <= stream.last_t:
            self._break("time", item.stream, item.run, f"t steps back, seq {item.seq}")
        stream.last_t = item.t[-1]
        self._compare(stream, spec, item)

    def _compare(self, stream: Heard, spec: Spec, item: Codes) -> None:
        lag_s = None
        if spec.rate_hz == spec.model_rate_hz and spec.model.name == "telltale" and spec.source.name[:5] == "soak-":
            patches, flags = decoded(item.array), item.flag_array
            for n, x in enumerate(patches):
                try:
                    number, life = expect_patch(x, flags[n], stream.last, stream.next_number)
                except ContentError as error:
                    self._break("content", item.stream, item.run, f"{error}; seq {item.seq}, patch {item.first + n}")
                    stream.next_number = stream.segment_number = stream.last = None
                    continue
                self._note_number(stream, item, number - (item.first + n) * PATCH, life)
                stream.next_number, stream.last = number + PATCH, x[:, -1]
                self.counts["compared"] += 1
            sent = self._sent.at_most(spec.source.uid)
            if sent is not None and stream.next_number is not None:
                lag_s = (sent - stream.next_number) / spec.rate_hz
                if lag_s < 0:
                    self._break("content", item.stream, item.run, f"sample {stream.next_number - 1} of {sent} sent")
        for what, name, text in self.pace.heard(spec.source.name, self._now_s, lag_s):
            self._break(what, name, item.run, text)

    def _note_number(self, stream: Heard, item: Codes, segment_number: int, life: int) -> None:
        """The number of the segment's first sample, by a patch of it; more than what accounts say is an untold loss."""
        if stream.life is not None and stream.life != life:
            self._break("content", item.stream, item.run, f"life {life} in an epoch of life {stream.life}")
        stream.life = life
        excess = 0 if stream.segment_number is None else segment_number - stream.segment_number
        if 0 < excess <= stream.told_missing:
            self.counts["explained_missing"] += excess
        elif excess:
            told, place = stream.segment_number, f"segment {item.segment} of epoch {item.epoch}"
            text = f"{place} begins with sample {segment_number}, by the accounts with {told}"
            self._break("unannounced", item.stream, item.run, text)
            self.counts["untold_missing"] += abs(excess)
        stream.segment_number, stream.told_missing = segment_number, 0.0

    def _take_account(self, stream: Heard, item: Gap | End) -> None:
        self.counts[f"{item.kind}s"] += 1
        self.reasons[item.reason] = self.reasons.get(item.reason, 0) + 1
        spec, known = stream.spec, stream.next_first is not None
        if spec is None or spec.epoch != item.epoch:
            if stream.received is not None:
                self._break("spec", item.stream, item.run, f"{item.kind} of epoch {item.epoch} without its spec")
            return
        if known and (item.segment, item.emitted) != (stream.segment, stream.next_first):
            told, heard = (item.segment, item.emitted), (stream.segment, stream.next_first)
            self._break("ledger", item.stream, item.run, f"{item.kind} of segment and patches {told}, heard {heard}")
        ratio = Fraction(str(spec.rate_hz)).limit_denominator(1000) / Fraction(str(spec.model_rate_hz or spec.rate_hz))
        covered = ceil(((item.emitted - 1) * spec.hop + spec.patch) * ratio) if item.emitted else 0
        if item.discarded != item.received - covered:
            text = f"{item.received} received, {item.discarded} discarded, {item.emitted} patches cover {covered}"
            self._break("ledger", item.stream, item.run, f"{item.kind} of segment {item.segment}: {text}")
        if stream.segment_number is not None:
            begin, stream.segment_number = stream.segment_number, stream.segment_number + item.received
            holes = self._sent.holes(spec.source.uid)
            if text := hole_complaint(holes, begin, stream.segment_number, item.missing):
                self._break("hole", item.stream, item.run, text)
            if item.missing and all(number != stream.segment_number for number, _ in holes):
                self.counts["made_up_missing"] += item.missing
        stream.next_number = stream.last = None
        stream.segment, stream.next_first = item.segment + 1, 0
        if stream.epoch_received is not None:
            stream.epoch_received += item.received
            sent = self._sent.at_most(spec.source.uid)
            if sent is not None and stream.epoch_received > sent:
                text = f"{stream.epoch_received} received in the epoch, the outlet sent {sent}"
                self._break("ledger", item.stream, item.run, text)
        if stream.received is not None and stream.encoded is not None:
            stream.received += item.received
            stream.encoded += item.emitted * len(spec.channels)

    def _take_gap(self, stream: Heard, item: Gap) -> None:
        self._take_account(stream, item)
        self.counts["missing"] += item.missing or 0
        stream.told_missing += float("inf") if item.missing is None else item.missing

    def _take_end(self, stream: Heard, item: End) -> None:
        self._take_account(stream, item)
        spec, stream.spec = stream.spec, None
        if spec is None or item.reason != "gone" or spec.source.uid not in self._totals:
            return
        total = self._totals[spec.source.uid]
        if self._epochs_of[spec.source.uid] == 1 and stream.epoch_received is not None:
            received = stream.epoch_received
        else:
            received = stream.segment_number
        if received is not None:
            self.counts["totals"] += 1
            if received != total:
                text = f"the outlet sent {total} and left, accounts reach to {received}"
                self._break("unannounced", item.stream, item.run, text)
