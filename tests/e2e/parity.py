"""Play recordings through a running daemon and encode the same files: both must say the same.

    python -m tests.e2e.parity [--model NAME] [FILE ...]

Without files: one recording of each rate in EEGSTREAM_DATA, then six streams of different rates at once. Without a
model: one whose codes hide nothing, neither of the signal nor of the arithmetic.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from eegstream.cli import cli
from eegstream.codec.bundle import find
from eegstream.files.codes import CodesReader
from tests.e2e.content import assert_same_content, contents
from tests.e2e.harness import DATA, NO_DATA, PATIENCE_S, Daemon, Item, Process, Recorder, play
from tests.e2e.telltale_bundle import write_telltale
from tests.identity_bundle import pinned

RECORDINGS = {
    100: "sleep_edf/SC4001_short_psg.edf",
    125: "openbci_cosleep/cosleep_125Hz.bdf",
    128: "eegmmidb/eegmmidb_128Hz_overlapping_annotations.edf",
    160: "eegmmidb/S001R04.edf",
    200: "yasa_rest/data_resting_EO_200Hz_raw.fif",
    250: "openbci_gui/OpenBCI_GUI-v6-blinks-jawClench-alpha_last30s.txt",
    256: "muse/muse_subject103.csv",
    500: "eegmat/Subject00_1.edf",
    512: "biosemi/biosemi_512Hz_138ch.edf",
    1000: "neuroscan_1000/neuroscan_1000Hz.vhdr",
}
SIX_AT_ONCE = (125, 128, 160, 256, 500, 1000)
_LONGEST_S = 900.0
"""The longest recording at the lowest speed, and more."""


class Parity:
    """Play files to a daemon and encode them beside it; `live` and `offline` are what each said of a file."""

    def __init__(self, daemon: Daemon, recorder: Recorder, bundle: Path, folder: Path) -> None:
        self._daemon, self._recorder, self._bundle, self._folder = daemon, recorder, bundle, folder
        self._live: dict[str, list[Item]] = {}
        self._offline: dict[str, list[Item]] = {}

    def run(self, files: Iterable[str], speed: float = 8.0) -> None:
        """Play all `files` at once, and encode them meanwhile."""
        with ExitStack() as stack:
            players = {
                file: stack.enter_context(play(file, "--wait", "--speed", f"{speed:g}"))
                for file in files
                if file not in self._live
            }
            for file in players:
                self._offline[file] = self._encode(file)
            for file, player in players.items():
                self._live[file] = self._follow(player)

    def check(self, file: str) -> int:
        """Compare a file's two contents; return how many patches both have, all channels as one."""
        return assert_same_content(self._live[file], self._offline[file])

    def gaps(self, file: str) -> int:
        """How many gaps the daemon told of."""
        (epoch,) = contents(self._live[file]).values()
        return len(epoch.accounts) - 1

    def offline(self, file: str) -> list[Item]:
        """What `encode` said of a file."""
        return self._offline[file]

    def _follow(self, player: Process) -> list[Item]:
        name = player.wait_line(r"^playing (.*): \d+ channels").group(1)
        assert player.wait(_LONGEST_S) == 0
        stream = self._recorder.stream_of(name)
        self._recorder.wait(lambda item: item.stream == stream and item.kind == "end", PATIENCE_S)
        return self._recorder.of(stream)

    def _encode(self, file: str) -> list[Item]:
        output = self._folder / f"{len(self._offline)}.codes.mcap"
        options = ["-o", str(output), *pinned(self._bundle), "--device", "cpu"]
        cli.main(["encode", file, *options], standalone_mode=False)
        return list(CodesReader(output))


def main() -> int:
    """Print a row for each file; 1 if any differs."""
    parser = argparse.ArgumentParser(description="Compare live and offline codes.")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--model", help="a bundle's name or path")
    arguments = parser.parse_args()
    given = arguments.files
    if not given and not (DATA / "dev").is_dir():
        print(NO_DATA)  # noqa: T201
        return 1
    rounds = [[file] for file in given] or [[str(DATA / "dev" / name)] for name in RECORDINGS.values()]
    if not given:
        rounds.append([str(DATA / "dev" / RECORDINGS[rate]) for rate in SIX_AT_ONCE])
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = find(arguments.model) if arguments.model else write_telltale(folder / "telltale.pt")
        for files in rounds:
            with Daemon(bundle) as daemon, Recorder(daemon.url) as recorder:
                parity = Parity(daemon, recorder.connected(), bundle, folder)
                started_s = time.monotonic()
                parity.run(files)
                took_s = time.monotonic() - started_s
                for file in files:
                    failed += not _told(parity, file, len(files), took_s)
    return int(failed > 0)


def _told(parity: Parity, file: str, together: int, took_s: float) -> bool:
    """Print a file's row; False if its contents differ."""
    company = f"{together} at once" if together > 1 else "alone"
    try:
        verdict = f"same content, {parity.check(file)} patches, {parity.gaps(file)} gaps"
    except AssertionError as difference:
        verdict = f"DIFFERENT: {difference}"
    print(f"{Path(file).name:55} {company:10} {took_s:5.0f} s  {verdict}", flush=True)  # noqa: T201
    return not verdict.startswith("DIFFERENT")


if __name__ == "__main__":
    sys.exit(main())
