"""Break input for some minutes: `python -m tests.fuzz --minutes 20 [--seed N] [--only TARGET]`.

Findings are printed with the seed that repeats them; the exit status is 1 if there are any.
"""

import itertools
import random
import secrets
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import click

from tests.fuzz.targets import Target, targets

SLOW_S = 5.0
"""Longer for one input is a finding, also on a busy machine."""


def tried(name: str, target: Target, seed: int) -> str | None:
    """What is wrong with a target, given the input that `seed` stands for; None if nothing."""
    begun_s = time.process_time()
    try:
        target(random.Random(f"{name} {seed}"))  # noqa: S311
    except Exception:  # noqa: BLE001 - whatever is not the target's own error
        return traceback.format_exc()
    took_s = time.process_time() - begun_s
    return f"it took {took_s:.1f} s" if took_s > SLOW_S else None


@click.command()
@click.option("--minutes", type=float, default=1.0, show_default=True)
@click.option("--seed", type=int, help="The first input's seed; drawn if it is not given.")
@click.option("--only", help="One target.")
def main(minutes: float, seed: int | None, only: str | None) -> None:
    """Break input for everything that reads bytes from outside."""
    first = secrets.randbelow(10**9) if seed is None else seed
    click.echo(f"seed {first}")
    counts: Counter[str] = Counter()
    findings = 0
    end_s = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        chosen = {name: target for name, target in targets(Path(folder)).items() if only in (None, name)}
        for number in itertools.count(first):
            for name, target in chosen.items():
                wrong = tried(name, target, number)
                counts[name] += 1
                if wrong is not None:
                    findings += 1
                    click.echo(f"{name}, seed {number}: {wrong}")
            if time.monotonic() > end_s or findings > 20:
                break
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) + f": {findings} findings")
    sys.exit(findings > 0)


if __name__ == "__main__":
    main()
