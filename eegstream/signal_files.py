"""Write decoded signals: EDF, BrainVision, FIF, Parquet or arrays.

C channels, T samples.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from eegstream.coded_recordings import CodedRecording
from eegstream.decoding import Reconstruction
from eegstream.errors import EegstreamError
from eegstream.files.arrays import save_npz
from eegstream.files.atomic import replacing
from eegstream.files.third_party import quietly
from eegstream.mne import to_raw
from eegstream.regular import on_grid

FORMATS = (".npz", ".edf", ".vhdr", ".fif", ".parquet")
_COMPANIONS = (".eeg", ".vmrk", ".vhdr")
"""The files of a BrainVision recording; the header comes last."""

Tell = Callable[[str], None]


def write_signal(path: Path, made: Reconstruction, coded: CodedRecording, tell: Tell = lambda _: None) -> None:
    """Write a decoded signal in the format that the name's suffix says; without one, as .npz.

    `tell` gets what the format cannot hold, as one sentence.

    Raises:
        CodesFileError: the signal does not fit a regular grid of times.
        EegstreamError: the file cannot be written, or a package is missing.
    """
    suffix = path.suffix.lower()
    if suffix in {"", ".npz"}:
        write_npz(path, made)
    elif suffix == ".parquet":
        from eegstream.tables.signals import write_signal_table  # noqa: PLC0415 - pyarrow is an extra

        write_signal_table(path, made, coded.name)
    else:
        _write_by_mne(path, suffix, made, coded, tell)


def write_npz(path: Path, made: Reconstruction) -> None:
    """Write a signal as arrays, each sample with its time.

    Raises:
        EegstreamError: the file cannot be written.
    """
    save_npz(
        path,
        eeg_uv=made.eeg_uv,
        rate_hz=made.rate_hz,
        labels=list(made.labels),
        t=made.t,
        epoch=made.epoch,
        segment=made.segment,
    )


def _write_by_mne(path: Path, suffix: str, made: Reconstruction, coded: CodedRecording, tell: Tell) -> None:
    signal = on_grid(made)
    if signal.slips:
        tell(f"{signal.slips} samples were repeated or left out to keep the device's time")
    raw = to_raw(signal, made, coded)
    rate_hz = signal.rate_hz
    if suffix == ".edf" and rate_hz != round(rate_hz):
        raise EegstreamError(
            f"EDF needs a whole number of samples in a second, the signal has {rate_hz:g} Hz",
            "Write .vhdr, .fif, .npz or .parquet",
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".decode-", dir=path.absolute().parent) as room:
            inner = Path(room, path.name)
            with quietly():
                if suffix == ".fif":
                    raw.save(inner, verbose="ERROR")
                else:
                    raw.export(inner, verbose="ERROR")
            names = [path.with_suffix(ending).name for ending in _COMPANIONS] if suffix == ".vhdr" else [path.name]
            for name in names:
                with replacing(path.parent / name) as unfinished:
                    Path(room, name).replace(unfinished)
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another path with -o") from None
    except ImportError as error:
        raise EegstreamError(
            f"writing {suffix} needs a package that is not installed ({error.name})", "pip install 'eegstream[files]'"
        ) from None
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EegstreamError(f"the signal cannot be written as {suffix} ({reason})", "Choose another format") from None
