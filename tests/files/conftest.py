"""Where the real recordings lie, and small made-up files for machines that have none."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / os.environ.get("EEGSTREAM_DATA", "../shared/data")
NO_DATA = f"no recordings at {DATA} (set EEGSTREAM_DATA)"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry of the manifest of real recordings."""
    if "dev_entry" not in metafunc.fixturenames:
        return
    manifest = DATA / "dev" / "manifest.json"
    if not manifest.exists():
        metafunc.parametrize("dev_entry", [pytest.param(None, marks=pytest.mark.skip(reason=NO_DATA))])
        return
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    metafunc.parametrize("dev_entry", entries, ids=[entry["path"] for entry in entries])


@pytest.fixture
def dev() -> Path:
    """The folder of real recordings."""
    if not (DATA / "dev").is_dir():
        pytest.skip(NO_DATA)
    return DATA / "dev"


@pytest.fixture
def tricky() -> Path:
    """The folder of damaged and odd files."""
    if not (DATA / "tricky").is_dir():
        pytest.skip(NO_DATA)
    return DATA / "tricky"


@pytest.fixture
def edf_bytes() -> Callable[..., bytes]:
    """A function that makes an EDF file, field by field as its specification has them."""
    return make_edf


def make_edf(  # noqa: PLR0917  (fields of a file format)
    digital: NDArray[np.int16],
    samples_a_record: int = 100,
    labels: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    physical: tuple[str, str] = ("-3276.8", "3276.7"),
    duration: str = "1",
    n_records: str | None = None,
    onsets_s: Sequence[float] | None = None,
    kind: str = "",
) -> bytes:
    """EDF of `digital` (C, T) in tenths of a unit; with `onsets_s` an EDF+ whose records start there."""
    n_signals = len(digital) + (onsets_s is not None)
    tal_samples = 20
    records = digital.reshape(len(digital), -1, samples_a_record).astype("<i2")
    names = [*(labels or [f"C{number}" for number in range(1, len(digital) + 1)])]
    names += ["EDF Annotations"] * (onsets_s is not None)
    columns = [
        (16, names),
        (80, [""] * n_signals),
        (8, [*(units or ["uV"] * len(digital))] + [""] * (onsets_s is not None)),
        (8, [physical[0]] * n_signals),
        (8, [physical[1]] * n_signals),
        (8, ["-32768"] * n_signals),
        (8, ["32767"] * n_signals),
        (80, [""] * n_signals),
        (8, [str(samples_a_record)] * len(digital) + [str(tal_samples)] * (onsets_s is not None)),
        (32, [""] * n_signals),
    ]
    fixed = [(8, "0"), (80, "X"), (80, "X"), (8, "01.01.20"), (8, "00.00.00"), (8, str(256 * (n_signals + 1)))]
    fixed += [(44, kind), (8, n_records or str(records.shape[1])), (8, duration), (4, str(n_signals))]
    head = b"".join(text.encode("latin-1").ljust(width) for width, text in fixed)
    head += b"".join(text.encode("latin-1").ljust(width) for width, texts in columns for text in texts)
    body = b""
    for number in range(records.shape[1]):
        body += records[:, number].tobytes()
        if onsets_s is not None:
            body += f"+{onsets_s[number]:g}\x14\x14".encode().ljust(2 * tal_samples, b"\0")
    return head + body
