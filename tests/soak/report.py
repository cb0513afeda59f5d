"""What the daemon of a soak holds over time, and the report of it all."""

import json
import os
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tests.faults.processes import children, held_mib
from tests.soak.checker import Checker

WARM_UP_S, LIFE_S, FIT_S = 600.0, 300.0, 600.0
MOST_MIB_A_MINUTE, MOST_THREADS, MOST_FILES = 0.3, 8.0, 16.0
"""What may be added over the time that is fitted, if that is long enough."""

_GROWING = ("mib", "children_mib", "threads", "files")


@dataclass(frozen=True)
class Held:
    """What a daemon and its child processes hold at a moment."""

    life: int
    at_s: float
    mib: float
    children_mib: float
    each_child_mib: tuple[float, ...]
    """Oldest child first."""
    threads: int
    files: int
    children: int


def measure(pid: int, life: int, at_s: float) -> Held | None:
    """Ask Linux; None if the daemon has ended."""
    own, family = _counts(pid), _family(pid)
    if own is None:
        return None
    each_mib = tuple(round(held_mib(each), 1) for each in sorted(family))
    counts = [own, *(found for found in map(_counts, family) if found)]
    return Held(
        life, at_s, held_mib(pid), sum(each_mib), each_mib, sum(c[0] for c in counts), sum(c[1] for c in counts),
        len(family),
    )  # fmt: skip


def trends(held: list[Held]) -> list[dict]:
    """For each life longer than 5 minutes: what grows, by least squares behind the warm-up, in units a minute."""
    lives: dict[int, list[Held]] = defaultdict(list)
    for each in held:
        lives[each.life].append(each)
    found = []
    for life, samples in lives.items():
        lasted_s = samples[-1].at_s - samples[0].at_s
        if lasted_s < LIFE_S:
            continue
        begin_s = samples[0].at_s + min(WARM_UP_S, lasted_s / 2)
        fitted = [each for each in samples if each.at_s >= begin_s]
        minutes = np.array([each.at_s for each in fitted]) / 60
        entry: dict = {"life": life, "minutes": lasted_s / 60, "fitted_minutes": minutes[-1] - minutes[0]}
        for what in _GROWING:
            values = np.array([getattr(each, what) for each in fitted], float)
            entry |= {what: values[-1], f"{what}_a_minute": float(np.polyfit(minutes, values, 1)[0])}
        found.append(entry)
    return found


def growing(found: list[dict]) -> list[str]:
    """What grows too fast, where the time that is fitted is long enough to tell."""
    told = []
    for entry in found:
        if entry["fitted_minutes"] * 60 < FIT_S:
            continue
        minutes = entry["fitted_minutes"]
        limits = {
            "mib": MOST_MIB_A_MINUTE, "children_mib": MOST_MIB_A_MINUTE, "threads": MOST_THREADS / minutes,
            "files": MOST_FILES / minutes,
        }  # fmt: skip
        told += [
            f"life {entry['life']}: {what} grow by {entry[f'{what}_a_minute']:.2f} a minute"
            for what, most in limits.items()
            if entry[f"{what}_a_minute"] > most
        ]
    return told


def summary(checker: Checker, held: list[Held], acts: Counter[str], errors: list[str], **more: object) -> dict:
    """Everything for the JSON report."""
    return {
        **more,
        "broken": [asdict(violation) for violation in checker.violations],
        "counts": checker.counts,
        "reasons": checker.reasons,
        "longest_pause_s": dict(checker.pace.longest_s),
        "longest_excused_pause_s": dict(checker.pace.suffered_s),
        "largest_lag_s": dict(checker.pace.largest_lag_s),
        "acts": dict(acts),
        "trends": trends(held),
        "errors": dict(Counter(re.sub(r"^[\d-]+ [\d:,]+ |0x[0-9a-f]+|\d+", "", line) for line in errors)),
        "held": [asdict(each) for each in held],
    }


def table(report: dict) -> str:
    """A person's view."""
    lines = [f"seed {report['seed']}, {report['minutes']:.1f} minutes, {report['lives']} lives of the daemon"]
    lines += [f"  {what:18} {count}" for what, count in report["counts"].items()]
    lines += [
        f"  borders            {report['reasons']}",
        f"  {'act':34} {'count':>5} {'pause s':>8} {'excused':>8} {'lag s':>6}",
    ]
    for act in sorted({*report["acts"], *report["longest_pause_s"]}):
        times_s = (
            report[what].get(act, 0.0) for what in ("longest_pause_s", "longest_excused_pause_s", "largest_lag_s")
        )
        lines.append("  {:34} {:5} {:8.1f} {:8.1f} {:6.1f}".format(act, report["acts"].get(act, 0), *times_s))
    for entry in report["trends"]:
        grown = ", ".join(f"{what} {entry[what]:.0f} {entry[f'{what}_a_minute']:+.3f}/min" for what in _GROWING)
        lines.append(f"  life {entry['life']} ({entry['minutes']:.0f} min): {grown}")
    lines += [f"  error {count} x {text[:150]}" for text, count in report["errors"].items()]
    kinds = Counter(violation["what"] for violation in report["broken"])
    lines.append(f"  broken promises    {dict(kinds) or 'none'}")
    lines += [f"    {v['what']} {v['stream']} {v['run']}: {v['text'][:300]}" for v in report["broken"][:30]]
    return "\n".join(lines)


def write(report: dict, path: Path | None) -> None:
    """Write the JSON report."""
    if path is not None:
        path.write_text(json.dumps(report, indent=1, default=str), encoding="utf-8")


def _family(pid: int) -> list[int]:
    found = children(pid)
    return found + [each for child in found for each in _family(child)]


def _counts(pid: int) -> tuple[int, int] | None:
    try:
        return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 (a count)
    except OSError:
        return None
