"""The checker of a soak sees each promise that is broken, and complains of nothing else."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from eegstream.client import Codes, End, Gap, Loss, Spec, State
from eegstream.wire.messages import Frontend, ModelIdentity, Source, UtcMark
from tests.e2e.harness import REPOSITORY
from tests.identity_bundle import manifest
from tests.soak.checker import Checker
from tests.soak.content import PATCH, values
from tests.soak.pace import Pace
from tests.soak.report import Held, growing, trends
from tests.soak.sent import Sent

RUN, LATER_RUN, STREAM, RATE_HZ, CHANNELS, LIFE = "0" * 16, "1" * 16, "soak-0-abcdef", 256.0, 4, 7
WORDS = 2 * manifest(PATCH)["words"]


def spec(seq=0, epoch=0, run=RUN):
    """A stream of four channels at the model's rate."""
    source = Source(
        name="soak-0", type="EEG", source_id="d", uid=f"uid-{epoch}", hostname="h", session_id="s", format="float32"
    )
    return Spec(
        stream=STREAM, run=run, epoch=epoch, seq=seq, source=source, rate_hz=RATE_HZ,
        channels=tuple(f"E{n}" for n in range(CHANNELS)), left_out=(), unit_scale=(1.0,) * CHANNELS,
        model=ModelIdentity(name="telltale", version=1, sha256="0" * 64), patch=PATCH, hop=PATCH, words=WORDS,
        model_rate_hz=RATE_HZ, frontend=Frontend(model_rate_hz=RATE_HZ, highpass_hz=None, notch_hz=None), delay_s=0.0,
        device="cpu", precision="float32", torch="2", utc=UtcMark(iso="2026-01-01T00:00:00+00:00", clock=0.0), notes=(),
    )  # fmt: skip


def codes(seq, first, number, segment=0, **change):
    """The codes of samples `number` and following."""
    x = values(number, PATCH, CHANNELS, LIFE).T[None]
    mantissa, exponent = np.frexp(x)
    scaled = (mantissa * 16777216.0).astype(np.int64) + 16777216
    bits = np.concatenate([scaled % 65536, scaled // 65536, exponent + 256], axis=2).astype("<u2")
    array = np.concatenate([bits, np.zeros_like(bits)], axis=2)
    message = Codes(
        stream=STREAM, run=RUN, epoch=0, seq=seq, segment=segment, first=first, shape=array.shape,
        codes=array.tobytes(), flags=bytes(CHANNELS), t=(number / RATE_HZ,), clock_offset=0.0, clock_error=0.0,
        arrived=0.0,
    )  # fmt: skip
    return message.model_copy(update=change)


def account(kind, seq, segment, received, emitted, **change):
    """A gap or an end."""
    discarded = received - emitted * PATCH
    message = kind(
        stream=STREAM, run=RUN, epoch=0, seq=seq, segment=segment, t_from=0.0, t_to=1.0 if kind is Gap else None,
        missing=5 if kind is Gap else None, received=received, discarded=discarded, emitted=emitted, tail=0,
        reason="missing" if kind is Gap else "gone",
    )  # fmt: skip
    return message.model_copy(update=change)


def state(last_seq, received, encoded, status="lost", **change):
    """What the stream's state says."""
    message = State(
        stream=STREAM, run=RUN, epoch=0, last_seq=last_seq, status=status, why=None, received=received,
        encoded=encoded, lag_s=None, dropped=0, segment=None, t=0.0, rate_measured_hz=None,
    )  # fmt: skip
    return message.model_copy(update=change)


def story():
    """A stream without any fault: two segments, and its outlet leaves."""
    return [
        spec(), codes(1, 0, 0), codes(2, 1, 64), spec(), account(Gap, 3, 0, 140, 2), codes(4, 0, 140, segment=1),
        account(End, 5, 1, 70, 1), state(5, 210, 3 * CHANNELS), spec(6, 1),
    ]  # fmt: skip


class Outlets(Sent):
    """Outlets that sent so many samples each."""

    def __init__(self, count=None, holes=()):
        super().__init__()
        self._count, self._holes = count, list(holes)

    def at_most(self, uid):
        return self._count

    def holes(self, uid):
        return self._holes


def complaints(items, totals=None, sent=10_000, holes=()):
    """What the checker says."""
    checker = Checker(Outlets(sent, holes), Pace(5.0, 1e9))
    for uid, count in (totals or {}).items():
        checker.expect_total(uid, count)
    for item in items:
        checker.take(item, 0.0)
    return [violation.what for violation in checker.violations]


def test_a_stream_without_fault_is_not_complained_of():
    """Segments, a repeated spec, a state, a second epoch, and all that was sent was received."""
    assert complaints(story(), {"uid-0": 210}) == []


def replaced(place, item):
    """The story with another item in this place, or none."""
    items = story()
    items[place : place + 1] = [] if item is None else [item]
    return items


FAULTS = {
    "a hole in seq": (replaced(1, None), "seq"),
    "a message twice": ([*story()[:2], *story()[1:]], "seq"),
    "a last_seq beyond what came": (replaced(7, state(9, 210, 12)), "seq"),
    "a loss that does not begin where it should": ([*story()[:2], Loss(STREAM, RUN, 3, 1)], "loss"),
    "codes without their spec": (replaced(0, codes(0, 0, 0)), "spec"),
    "a spec that is repeated with another rate": (replaced(3, spec().model_copy(update={"rate_hz": 250.0})), "repeat"),
    "an epoch without an end": ([*story()[:5], spec(4, 1)], "spec"),
    "an epoch left out": (replaced(8, spec(6, 2)), "spec"),
    "a patch left out": (replaced(2, codes(2, 2, 128)), "patches"),
    "a segment left out": (replaced(5, codes(4, 0, 140, segment=2)), "patches"),
    "a sample that was never sent": (replaced(2, codes(2, 1, 64, codes=b"\1" * (2 * CHANNELS * 6 * PATCH))), "content"),
    "samples left out in a segment": (replaced(2, codes(2, 1, 65)), "content"),
    "samples twice": (replaced(2, codes(2, 1, 0, t=(1.0,))), "content"),
    "samples lost at a border, told by nobody": (replaced(5, codes(4, 0, 146, segment=1)), "unannounced"),
    "samples twice at a border": (replaced(5, codes(4, 0, 139, segment=1)), "unannounced"),
    "time that steps back": (replaced(2, codes(2, 1, 64, t=(0.0,))), "time"),
    "codes of too many channels": (
        replaced(2, codes(2, 1, 64, shape=(1, CHANNELS * 2, 3 * PATCH), flags=bytes(2 * CHANNELS))),
        "shape",
    ),
    "a missing account": ([*story()[:4], codes(3, 0, 140, segment=1)], "patches"),
    "an account of other patches": (replaced(4, account(Gap, 3, 0, 140, 1)), "ledger"),
    "an account that does not add up": (replaced(4, account(Gap, 3, 0, 140, 2, discarded=11)), "ledger"),
    "a state that does not add up": (replaced(7, state(5, 211, 12)), "ledger"),
    "a run that goes on after the next": (
        [*story()[:2], state(None, 0, 0, run=LATER_RUN), codes(2, 1, 64)],
        "run",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(name):
    """The first complaint is of that kind."""
    items, what = FAULTS[name]
    assert complaints(items)[:1] == [what]


def test_samples_from_nowhere_are_seen():
    """A number that the outlet has not reached, and an outlet that leaves with more than was accounted for."""
    assert complaints(story(), sent=100)[:1] == ["content"]
    assert complaints(story(), {"uid-0": 212}) == ["unannounced"]


def test_holes_are_compared_with_what_gaps_tell():
    """The story's gap tells 5 behind sample 140: no other hole may be there, and none within a segment."""
    assert complaints(story(), holes=[(140, 5)]) == []
    assert complaints(story(), holes=[(140, 8)]) == ["hole"]
    assert complaints(story(), holes=[(100, 8)]) == ["hole"]


def test_told_losses_are_no_fault():
    """A loss that is told, also of samples at a border."""
    items = story()
    assert complaints([*items[:1], Loss(STREAM, RUN, 1, 2), *items[3:]]) == []
    assert complaints(replaced(5, codes(4, 0, 145, segment=1))[:6]) == []


def test_a_daemon_that_stops_without_an_end_is_seen():
    """Only if it was asked to stop."""
    for polite, expected in ((True, ["end"]), (False, [])):
        checker = Checker(Outlets(), Pace(5.0, 5.0))
        checker.take(spec(), 0.0)
        if polite:
            checker.stopped(RUN)
        checker.take(spec(run=LATER_RUN), 1.0)
        assert [violation.what for violation in checker.violations] == expected


def test_a_pause_of_a_healthy_stream_is_told_once():
    """Not while it is excused, and from the end of the excuse on."""
    pace = Pace(5.0, 2.0)
    pace.watch("soak-0", 0.0)
    pace.excuse("soak-0", 10.0)
    assert pace.look(14.0) == []
    assert [what for what, _, _ in pace.look(15.5) + pace.look(16.0)] == ["pause"]
    pace.heard("soak-0", 17.0, lag_s=1.0)
    assert [what for what, _, _ in pace.heard("soak-0", 17.5, lag_s=3.0)] == ["lag"]
    assert pace.longest_s["start"] == pytest.approx(7.0)


def test_what_grows_is_seen():
    """Memory and descriptors, of a life that lasts."""
    begin = Held(1, 0.0, 300.0, 100.0, (60.0, 40.0), 20, 50, 2)
    flat = [dataclasses.replace(begin, at_s=10.0 * n) for n in range(200)]
    grown: Callable[[float], int] = lambda at_s: round(at_s / 60)  # noqa: E731
    leaking = [dataclasses.replace(each, life=2, mib=300 + each.at_s / 60, files=grown(each.at_s)) for each in flat]
    assert growing(trends(flat)) == []
    assert growing(trends([*flat, *leaking])) == [
        "life 2: mib grow by 1.00 a minute",
        "life 2: files grow by 1.00 a minute",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux tells them")
def test_a_short_soak_breaks_no_promise():
    """A few seconds with three streams."""
    options = ["--minutes", "0.2", "--seed", "4", "--streams", "3", "--between", "1", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *options],
        cwd=REPOSITORY, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "broken promises    none" in done.stdout
