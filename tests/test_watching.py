"""A law for each column of `eegstream top`, from messages alone; and how they are drawn."""

from dataclasses import replace

import pytest

from eegstream.cli.top_screen import COLUMNS, columns_for, draw
from eegstream.client import Damaged, Loss
from eegstream.watching import SILENT_S, WINDOW_S, Snapshot, StreamRow, Watch
from tests.wire.examples import CODES, EVENT, GAP, SPEC, STATE

RUN, OTHER_RUN = STATE.run, "00" * 8
DAEMON = STATE.model_copy(update={"stream": "daemon", "status": "live", "encoded": 7, "lag_s": 0.5})
CODED = CODES.model_copy(
    update={"shape": (1, 2, 3), "codes": bytes([1, 0, 2, 0, 3, 0] * 2), "flags": b"\0\1", "t": (0.0,)}
)
"""Six codes of two patches, one of them flagged."""


def row(*items, at_s: float = 0.0, now_s: float = 0.0) -> StreamRow:
    """The only row, of items that came at one moment."""
    watch = Watch()
    for item in items:
        watch.take(item, at_s)
    (only,) = watch.snapshot(now_s).streams
    return only


def test_status_is_that_of_the_newest_state() -> None:
    """With its reason; `-` before the first."""
    assert row(SPEC).status == "-"
    told = row(STATE.model_copy(update={"status": "live"}), STATE.model_copy(update={"status": "lost", "why": "gone"}))
    assert (told.status, told.why) == ("lost", "gone")


def test_a_stream_of_which_nothing_is_heard_is_silent() -> None:
    """After three seconds; whatever its last state was."""
    live = STATE.model_copy(update={"status": "live"})
    assert row(live, now_s=SILENT_S).status == "live"
    assert row(live, now_s=SILENT_S + 0.1).status == "silent"


def test_channels_and_rate() -> None:
    """Channels as in the spec; the rate is measured, else stated."""
    told = row(SPEC, STATE.model_copy(update={"rate_measured_hz": None}))
    assert (told.n_channels, told.rate_hz) == (len(SPEC.channels), SPEC.rate_hz)
    assert row(SPEC, STATE.model_copy(update={"rate_measured_hz": 251.5})).rate_hz == 251.5
    assert row(STATE.model_copy(update={"rate_measured_hz": None})).rate_hz is None


@pytest.mark.parametrize("interval_s", [0.05, 1.0, 3.0])
def test_codes_per_second_are_those_that_came(interval_s: float) -> None:
    """At any interval, from the second arrival on, whatever the moment of the question."""
    watch = Watch()
    watch.take(CODED, 0.0)
    assert watch.snapshot(0.0).streams[0].codes_per_s is None
    count = round(30 / interval_s)
    for number in range(1, count):
        watch.take(CODED, number * interval_s)
    for late_s in (0.0, interval_s / 2, interval_s):
        told = watch.snapshot((count - 1) * interval_s + late_s).streams[0]
        assert told.codes_per_s == pytest.approx(6 / interval_s)


def test_codes_that_stay_away_are_seen() -> None:
    """The figure falls, and is none when the window has passed."""
    watch = Watch()
    for second in range(6):
        watch.take(CODED, float(second))
    assert watch.snapshot(5.0).streams[0].codes_per_s == pytest.approx(6)
    assert watch.snapshot(9.0).streams[0].codes_per_s == pytest.approx(5 * 6 / 9)
    assert watch.snapshot(5.1 + WINDOW_S).streams[0].codes_per_s is None


def test_flags_are_the_share_of_flagged_patches_in_the_window() -> None:
    """Of single channels; none without patches."""
    clean = CODED.model_copy(update={"flags": b"\0\0"})
    assert row(SPEC).flagged is None
    assert row(CODED).flagged == 0.5
    assert row(CODED, clean).flagged == 0.25
    watch = Watch()
    watch.take(CODED, 0.0)
    watch.take(clean, WINDOW_S + 0.1)
    assert watch.snapshot(WINDOW_S + 0.1).streams[0].flagged == 0.0


def test_last_codes_are_those_of_the_newest_patch() -> None:
    """Of the first channel."""
    two = CODED.model_copy(update={"shape": (2, 1, 3), "codes": bytes([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1])})
    assert row(two).last_codes == (4, 5, 262)


def test_lag_mains_and_drops_are_those_of_the_newest_state() -> None:
    """Of the two lines of the mains, the stronger one."""
    state = STATE.model_copy(update={"lag_s": 0.25, "dropped": 5, "mains_share": {"50": 0.1, "60": 0.7}})
    told = row(state)
    assert (told.lag_s, told.dropped, told.mains_hz, told.mains_share) == (0.25, 5, 60, 0.7)
    told = row(STATE.model_copy(update={"mains_share": {"50": 0.1, "60": None}}))
    assert (told.mains_hz, told.mains_share) == (50, 0.1)
    for shares in (None, {}, {"50": None, "60": None}):
        assert row(STATE.model_copy(update={"mains_share": shares})).mains_hz is None


def test_gaps_events_and_losses_are_counted() -> None:
    """Since the watch began; messages that cannot be read count for the daemon."""
    event = EVENT.model_copy(update={"stream": GAP.stream, "run": GAP.run})
    told = row(GAP, GAP, event, Loss(GAP.stream, GAP.run, 3, 40), Loss(GAP.stream, GAP.run, 50, 2))
    assert (told.gaps, told.events, told.lost) == (2, 1, 42)
    watch = Watch()
    watch.take(Damaged("", "not a map", 3), 0.0)
    assert watch.snapshot(0.0).daemon.damaged == 3


def test_the_daemon_lives_as_long_as_it_tells_its_state() -> None:
    """It is no stream."""
    watch = Watch()
    assert not watch.snapshot(0.0).daemon.alive
    watch.take(DAEMON, 1.0)
    told = watch.snapshot(1.0 + SILENT_S)
    assert (told.streams, told.daemon.alive, told.daemon.encoded, told.daemon.lag_s) == ((), True, 7, 0.5)
    assert not watch.snapshot(1.1 + SILENT_S).daemon.alive


def test_a_restart_of_the_daemon_begins_anew() -> None:
    """Streams of the run before are gone, with their counts; a stream that returns keeps its row."""
    watch = Watch()
    for item in (DAEMON, GAP, GAP.model_copy(update={"stream": "other-012345"})):
        watch.take(item, 0.0)
    assert len(watch.snapshot(0.0).streams) == 2
    watch.take(GAP.model_copy(update={"run": OTHER_RUN}), 1.0)
    watch.take(DAEMON.model_copy(update={"run": OTHER_RUN}), 1.0)
    told = watch.snapshot(1.0)
    assert [(one.stream, one.gaps) for one in told.streams] == [(GAP.stream, 1)]
    assert told.daemon.run == OTHER_RUN


def test_a_stream_that_the_daemon_tells_no_more_is_forgotten() -> None:
    """If the daemon lives; else nothing is known."""
    watch = Watch()
    watch.take(STATE, 0.0)
    assert len(watch.snapshot(60.0).streams) == 1
    watch.take(DAEMON, 60.0)
    assert watch.snapshot(60.0).streams == ()


def _snapshot(streams: int) -> Snapshot:
    watch = Watch()
    for item in (DAEMON, SPEC, CODED, STATE.model_copy(update={"why": "a reason that is long enough " * 5})):
        watch.take(item, 0.0)
    told = watch.snapshot(0.0)
    named = tuple(replace(told.streams[0], stream=f"a-very-long-name-of-a-stream-{n:06d}") for n in range(streams))
    return replace(told, streams=named)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 300])
@pytest.mark.parametrize("height", [4, 10, 24])
def test_a_terminal_of_any_size_has_room(width: int, height: int) -> None:
    """No line is longer, and there are no more lines; streams without a place are counted."""
    for streams in (0, 1, 3, 50):
        lines = draw(_snapshot(streams), "tcp://127.0.0.1:5571", None, width, height)
        assert len(lines) <= height
        assert all(line.cell_len <= width for line in lines)
    assert any("more" in line.plain for line in lines)


def test_a_narrow_terminal_leaves_out_columns() -> None:
    """The last ones first; at 60 columns status, codes a second, lag and gaps are there, at 140 the last codes, too."""
    chosen = {width: columns_for(width) for width in (60, 80, 140)}
    for columns, _, _ in chosen.values():
        assert columns == COLUMNS[: len(columns)]
    assert {"status", "codes/s", "lag", "gaps"} <= {column.title for column in chosen[60][0]}
    assert chosen[80][0] == COLUMNS
    assert (chosen[80][2], chosen[140][2] > 0) == (0, True)


def test_what_does_not_fit_beside_stands_below() -> None:
    """The last codes, and why a stream is as it is."""
    text = "\n".join(line.plain for line in draw(_snapshot(1), "tcp://127.0.0.1:5571", None, 80, 24))
    assert "last codes" in text
    assert "1 2 3" in text
    assert "a reason that is" in text


def test_texts_of_the_daemon_cannot_steer_the_terminal() -> None:
    """Nor break lines: a reason may hold what an outlet calls itself."""
    told = _snapshot(1)
    evil = replace(told.streams[0], stream="a\x1b[2J\n", status="\x1b[31mlive and well", why="one\ntwo\x07\x1b[H")
    lines = draw(replace(told, streams=(evil,)), "tcp://127.0.0.1:5571", None, 80, 24)
    assert all(line.plain.isprintable() for line in lines)
