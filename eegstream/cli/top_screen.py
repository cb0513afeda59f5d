"""What `eegstream top` draws: as many columns and rows as the terminal has room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from eegstream.dsp.montage import printable
from eegstream.watching import DaemonRow, Snapshot, StreamRow

_COLOURS = {"live": "green", "stalled": "yellow", "silent": "yellow", "lost": "red", "refused": "red"}
_STREAM, _LEAST_CODES, _MOST_CODES = "stream", 11, 60
_NOTABLE_MAINS = 0.5


@dataclass(frozen=True)
class Column:
    """A column of numbers or words, right-aligned."""

    title: str
    width: int
    cell: Callable[[StreamRow], str]


def _number(value: float | None, form: str = ".0f") -> str:
    return "-" if value is None else format(value, form)


def _lag(lag_s: float | None) -> str:
    if lag_s is None:
        return "-"
    return f"{lag_s * 1000:.0f} ms" if lag_s < 9.9995 else f"{lag_s:.0f} s"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _mains(row: StreamRow) -> str:
    return "-" if row.mains_hz is None else f"{row.mains_hz}:{_share(row.mains_share)}"


COLUMNS = (
    Column("status", 7, lambda row: row.status),
    Column("codes/s", 7, lambda row: _number(row.codes_per_s)),
    Column("lag", 7, lambda row: _lag(row.lag_s)),
    Column("gaps", 4, lambda row: str(row.gaps)),
    Column("Hz", 6, lambda row: _number(row.rate_hz, ".5g")),
    Column("ch", 4, lambda row: _number(row.n_channels)),
    Column("flags", 5, lambda row: _share(row.flagged)),
    Column("mains", 7, _mains),
    Column("lost", 4, lambda row: str(row.lost)),
)
"""The most important ones first; where there is no room, the last ones are left out."""
_LEAST_NAME = 14


def columns_for(width: int) -> tuple[tuple[Column, ...], int, int]:
    """The columns, the width of the names, and that of the last codes (0: none), of a terminal of `width` columns."""
    left = width - _LEAST_NAME
    chosen: list[Column] = []
    for column in COLUMNS:
        if left < column.width + 1:
            break
        chosen.append(column)
        left -= column.width + 1
    if len(chosen) < len(COLUMNS):
        return tuple(chosen), min(_LEAST_NAME + left, 40), 0
    name = _LEAST_NAME + min(12, max(0, left - _LEAST_CODES - 2))
    codes = left - (name - _LEAST_NAME) - 2
    return tuple(chosen), name, min(codes, _MOST_CODES) if codes >= _LEAST_CODES else 0


def draw(snapshot: Snapshot, url: str, trouble: str | None, width: int, height: int) -> list[Text]:
    """At most `height` lines of at most `width` columns."""
    columns, name, codes = columns_for(width)
    title = f"{_STREAM:{name}}" + "".join(f" {column.title:>{column.width}}" for column in columns)
    lines = [_daemon_line(snapshot.daemon, url, trouble), Text(title + ("  last codes" if codes else ""), "bold")]
    room = max(1, height - len(lines) - 1)
    rows = snapshot.streams if len(snapshot.streams) <= room else snapshot.streams[: room - 1]
    lines += [_stream_line(row, columns, name, codes) for row in rows]
    if len(rows) < len(snapshot.streams):
        lines.append(Text(f"... and {len(snapshot.streams) - len(rows)} more", "dim"))
    if not snapshot.streams:
        lines.append(Text("no stream yet", "dim"))
    lines += _block("why", [(row.stream, printable(row.why)) for row in rows if row.why], name, height - len(lines))
    if not codes:
        newest = [(row.stream, " ".join(map(str, row.last_codes))) for row in rows if row.last_codes]
        lines += _block("last codes", newest, name, height - len(lines))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def _daemon_line(daemon: DaemonRow, url: str, trouble: str | None) -> Text:
    if not daemon.alive:
        return Text(f"{url}  no sign of life{f' ({trouble})' if trouble else ''}", "bold red")
    counts = f"{daemon.encoded} patches  {daemon.dropped} dropped  lag {_lag(daemon.lag_s)}"
    damaged = f"  {daemon.damaged} DAMAGED" if daemon.damaged else ""
    return Text.assemble((url, "bold"), f"  {counts}  run {daemon.run}{damaged}")


def _stream_line(row: StreamRow, columns: Sequence[Column], name: int, codes: int) -> Text:
    line = Text(f"{_cut(printable(row.stream), name):{name}}")
    for column in columns:
        cell = _cut(printable(column.cell(row)), column.width)
        line.append(f" {cell:>{column.width}}", _style(column.title, row))
    if codes:
        line.append("  " + _cut(" ".join(map(str, row.last_codes)), codes), "dim")
    return line


def _style(title: str, row: StreamRow) -> str:
    if title == "status":
        return _COLOURS.get(row.status, "")
    if title == "mains" and (row.mains_share or 0.0) > _NOTABLE_MAINS:
        return "yellow"
    return "yellow" if (title == "gaps" and row.gaps) or (title == "lost" and row.lost) else ""


def _block(title: str, told: Sequence[tuple[str, str]], name: int, room: int) -> list[Text]:
    """A text for each of some streams, under a title; nothing if there is no room for all of them."""
    if not told or room < len(told) + 2:
        return []
    texts = [Text.assemble(f"{_cut(printable(stream), name):{name}}  ", (text, "dim")) for stream, text in told]
    return [Text(""), Text(f"{'':{name}}  {title}", "bold"), *texts]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
