"""What the cache of prepared signals spares: a first start on a folder of recordings against a second one.

    python -m benchmarks.preparing MANIFEST [--turns 3] [--scheduler null|local|ADDRESS]

MANIFEST lists the recordings as `data=manifest` of the trainer reads it. Every turn has a cache of its own.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from hydra import compose, initialize_config_dir

from trainer.hydra_app import CONFIGS, build


def start_s(manifest: str, cache: Path, scheduler: str) -> float:
    """Seconds until all signals of all recordings are at hand."""
    settings = [
        *("data=manifest", f"data.source.path={manifest}", f"data.cache={cache}", f"data.scheduler={scheduler}"),
        "folder=none",
    ]
    started = time.perf_counter()
    sides = build(compose("config", settings).data).sides()
    seconds = time.perf_counter() - started
    assert sides["train"].recordings
    return seconds


def main() -> None:
    """Print each turn, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--scheduler", default="local")
    asked = parser.parse_args()
    ratios = []
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        for turn in range(asked.turns):
            with tempfile.TemporaryDirectory() as folder:
                first_s, second_s = (start_s(asked.manifest, Path(folder), asked.scheduler) for _ in range(2))
            ratios.append(second_s / first_s)
            print(f"turn {turn + 1}: first {first_s:.2f} s, second {second_s:.3f} s, ratio {ratios[-1]:.3f}")
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
