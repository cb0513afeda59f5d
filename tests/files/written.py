"""Small recordings in binary formats, written field by field as the formats' descriptions have them.

C channels, T samples.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.files.signals import Signals

LABELS = ("Fp1", "Cz", "Oz")
RATE_HZ, SECONDS = 250, 4


def steps(n_channels: int = 3, n_samples: int = RATE_HZ * SECONDS, seed: int = 1) -> NDArray[np.int16]:
    """Made-up numbers (C, T) as an amplifier would give them, in tenths of a microvolt."""
    return np.random.default_rng(seed).integers(-3000, 3000, (n_channels, n_samples)).astype(np.int16)


def everything(signals: Signals) -> NDArray[np.float64]:
    """All samples (C, T) of a stream, in the file's units."""
    return signals.read(0, len(signals.times_s))


@dataclass(frozen=True)
class EdfSignal:
    """One signal of an EDF or BDF file."""

    label: str
    samples: NDArray[Any]
    """(T,), as stored."""
    rate_hz: int
    unit: str = "uV"


def edf_bytes(signals: Sequence[EdfSignal], *, bdf: bool = False, duration: str = "1") -> bytes:
    """EDF in tenths of a unit, or BDF in units, of records of 1 s; every signal may have a rate of its own."""
    largest = 8388607 if bdf else 32767
    digital = (str(-largest - 1), str(largest))
    limits = (*(digital if bdf else ("-3276.8", "3276.7")), *digital)
    n_records = len(signals[0].samples) // signals[0].rate_hz
    first = b"\xffBIOSEMI" if bdf else b"0".ljust(8)
    fixed = [(80, "X"), (80, "X"), (8, "01.01.20"), (8, "00.00.00"), (8, str(256 * (len(signals) + 1)))]
    fixed += [(44, "24BIT" if bdf else ""), (8, str(n_records)), (8, duration), (4, str(len(signals)))]
    columns = [(16, [signal.label for signal in signals]), (80, [""] * len(signals))]
    columns += [(8, [signal.unit for signal in signals]), *((8, [limit] * len(signals)) for limit in limits)]
    columns += [(80, [""] * len(signals)), (8, [str(signal.rate_hz) for signal in signals]), (32, [""] * len(signals))]
    head = first + b"".join(text.encode().ljust(width) for width, text in fixed)
    head += b"".join(text.encode().ljust(width) for width, texts in columns for text in texts)
    width = 3 if bdf else 2
    body = []
    for record in range(n_records):
        for signal in signals:
            part = signal.samples[record * signal.rate_hz : (record + 1) * signal.rate_hz].astype("<i4")
            body.append(part.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
    return head + b"".join(body)


def gdf_bytes(values: Sequence[NDArray[np.float32]], rates_hz: Sequence[int], events: bytes = b"") -> bytes:
    """GDF 2 of float channels, each with its own rate, in microvolts and records of 1 s, and a table of events."""
    n = len(values)
    head = bytearray(256)
    head[:8], head[184:186], head[252:254] = b"GDF 2.20", struct.pack("<H", n + 1), struct.pack("<H", n)
    head[236:252] = struct.pack("<qII", len(values[0]) // rates_hz[0], 1, 1)
    columns = [b"".join(f"C{number}".encode().ljust(16, b"\0") for number in range(1, n + 1)), bytes(86 * n)]
    columns += [struct.pack("<H", 4275) * n, *(struct.pack("<d", limit) * n for limit in (-1, 1, -1, 1)), bytes(80 * n)]
    columns += [b"".join(struct.pack("<i", rate) for rate in rates_hz), struct.pack("<i", 16) * n, bytes(32 * n)]
    body = b""
    for record in range(len(values[0]) // rates_hz[0]):
        for channel, rate in zip(values, rates_hz, strict=True):
            body += channel[record * rate : (record + 1) * rate].astype("<f4").tobytes()
    return bytes(head) + b"".join(columns) + body + events


def gdf_events(positions: Sequence[int], codes: Sequence[int], rate_hz: float) -> bytes:
    """A table of events of GDF 2; positions count from 1."""
    head = struct.pack("<B", 1) + len(positions).to_bytes(3, "little") + struct.pack("<f", rate_hz)
    return head + np.array(positions, "<u4").tobytes() + np.array(codes, "<u2").tobytes()


@dataclass(frozen=True)
class XdfStream:
    """One stream of an XDF file."""

    name: str
    kind: str
    samples: NDArray[Any]
    """(T, C)."""
    channels: str = ""
    """XML of the channels' description."""
    rate_hz: float = 100
    first_s: float = 10.0


def xdf_bytes(streams: Sequence[XdfStream]) -> bytes:
    """XDF of float streams, each sample with its timestamp."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content

    content = b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    for number, stream in enumerate(streams, start=1):
        head = struct.pack("<I", number)
        content += chunk(
            2,
            head
            + (
                f"<?xml version='1.0'?><info><name>{stream.name}</name><type>{stream.kind}</type>"
                f"<channel_count>{stream.samples.shape[1]}</channel_count><nominal_srate>{stream.rate_hz}</nominal_srate>"
                f"<channel_format>float32</channel_format><desc><channels>{stream.channels}</channels></desc></info>"
            ).encode(),
        )
        rows = b"".join(
            b"\x08" + struct.pack("<d", stream.first_s + n / 100) + row.astype("<f4").tobytes()
            for n, row in enumerate(stream.samples)
        )
        content += chunk(3, head + b"\x04" + struct.pack("<I", len(stream.samples)) + rows)
        content += chunk(6, head + b"<?xml version='1.0'?><info></info>")
    return content


def write_brainvision(folder: Path, marks: Sequence[str] | None, header_ending: str = ".vhdr") -> Path:
    """BrainVision of `steps()`; `marks` are what stands behind "Mk1=", None means no marker file."""
    ending = {".vhdr": ".vmrk", ".ahdr": ".amrk"}[header_ending]
    (folder / "rec.eeg").write_bytes(steps().T.astype("<i2").tobytes())
    channels = "\n".join(f"Ch{number}={label},,0.1,µV" for number, label in enumerate(LABELS, start=1))
    header = folder / f"rec{header_ending}"
    header.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=rec.eeg\n"
        f"MarkerFile=$b{ending}\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels=3\n"
        f"SamplingInterval=4000\n[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n{channels}\n",
        encoding="utf-8",
    )
    if marks is not None:
        lines = "\n".join(f"Mk{number}={mark}" for number, mark in enumerate(marks, start=1))
        (folder / f"rec{ending}").write_text(
            f"Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n{lines}\n", encoding="utf-8"
        )
    return header


def write_nicolet(folder: Path, factor: float = 0.1) -> Path:
    """Nicolet .data and .head of `steps()`."""
    (folder / "rec.data").write_bytes(steps().T.astype("<i2").tobytes())
    (folder / "rec.head").write_text(
        f"start_ts=2024-01-01 10:00:00.000000\nnum_samples={steps().shape[1]}\nsample_freq={RATE_HZ}\n"
        f"conversion_factor={factor}\nnum_channels=3\nelec_names=[{','.join(LABELS)}]\nsample_bytes=2\n"
    )
    return folder / "rec.data"


def write_egi_raw(folder: Path) -> Path:
    """EGI simple binary, version 2 (int16, one segment) of `steps()`, 0.1 µV a step, with an event channel."""
    n_samples = steps().shape[1]
    value_range_uv = 6554  # of 16 bits: 0.1 µV a step
    head = struct.pack(">i6hi", 2, 2024, 1, 1, 10, 0, 0, 0)
    head += struct.pack(">5h", RATE_HZ, 3, 1, 16, value_range_uv) + struct.pack(">ih", n_samples, 1) + b"DIN1"
    frames = np.vstack([steps(), np.zeros((1, n_samples), np.int16)])
    (folder / "rec.raw").write_bytes(head + frames.T.astype(">i2").tobytes())
    return folder / "rec.raw"


def write_neuroscan(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """Neuroscan .cnt (int16) of `steps()` with a table of no events."""
    n_samples = steps().shape[1]
    setup = bytearray(900)
    setup[:12], setup[225:235], setup[235:247] = b"Version 3.0\0", b"01/01/24\0\0", b"10:00:00\0\0\0\0"
    setup[370:372], setup[376:378] = struct.pack("<H", 3), struct.pack("<H", RATE_HZ)
    setup[864:868] = struct.pack("<i", n_samples)
    setup[886:890] = struct.pack("<i", 900 + 3 * 75 + steps().nbytes)
    electrodes = b""
    for label in labels:
        electrode = bytearray(75)
        electrode[: len(label)] = label.encode()
        electrode[59:63], electrode[71:75] = struct.pack("<f", 20.48), struct.pack("<f", 1.0)  # 20.48 / 204.8 µV a step
        electrodes += electrode
    events = struct.pack("<Bll", 1, 0, 0)
    (folder / "rec.cnt").write_bytes(bytes(setup) + electrodes + steps().T.astype("<i2").tobytes() + events)
    return folder / "rec.cnt"


def write_persyst(folder: Path) -> Path:
    """Persyst .lay and .dat of `steps()`."""
    (folder / "rec.dat").write_bytes(steps().T.astype("<i2").tobytes())
    channels = "\n".join(f"{label}={number}" for number, label in enumerate(LABELS, start=1))
    (folder / "rec.lay").write_text(
        f"[FileInfo]\nFile=rec.dat\nFileType=Interleaved\nSamplingRate={RATE_HZ}\nHeaderLength=0\nCalibration=0.1\n"
        f"WaveformCount=3\nDataType=0\n[ChannelMap]\n{channels}\n[Patient]\nBirthDate=01/01/80\nSex=F\n"
        "TestDate=01/01/2024\nTestTime=10:00:00\n[Comments]\n"
    )
    return folder / "rec.lay"


def write_nihon(folder: Path, blocks: int = 1) -> Path:
    """Nihon Kohden .eeg of `steps()` in as many data blocks, with the other files of its kind."""
    version, codes = b"EEG-1100C V01.00", (0, 19, 9)  # FP1, an electrode that the .21E file names, O2
    control, data = 0x400, 0x1800
    head = bytearray(data)
    head[:16], head[0x81:0x91], head[0x91] = version, version, 1
    head[0x92:0x96], head[0x17FE], head[control + 17] = struct.pack("<I", control), 1, blocks
    body = b""
    for number, part in enumerate(np.split(steps(), blocks, axis=1)):
        place = control + 18 + 20 * number
        head[place : place + 4] = struct.pack("<I", data + len(body))
        block = bytearray(0x27 + 10 * len(codes))
        block[0x1A:0x20] = struct.pack("<HI", RATE_HZ, 10 * part.shape[1] // RATE_HZ)
        block[0x26] = len(codes)
        for channel, code in enumerate(codes):
            block[0x27 + 10 * channel] = code
        offset = np.vstack([part, np.zeros((1, part.shape[1]), np.int16)]).astype(np.int32) + 0x8000
        body += block + offset.T.astype("<u2").tobytes()
    (folder / "rec.eeg").write_bytes(bytes(head) + body)
    (folder / "rec.21E").write_text("[ELECTRODE]\n0019=Cz\n")
    (folder / "rec.pnt").write_bytes(version.ljust(0x40, b"\0") + b"20240101100000")
    (folder / "rec.LOG").write_bytes(version.ljust(0x92, b"\0"))
    return folder / "rec.eeg"


def write_mff(folder: Path, pause_samples: int = 0, n_channels: int = 33) -> Path:
    """EGI .mff of `steps()` in two blocks, by the package that reads it."""
    from mffpy.writer import BinWriter, Writer  # noqa: PLC0415

    microvolts = (steps(n_channels) / 10).astype(np.float32)
    binary = BinWriter(sampling_rate=RATE_HZ, data_type="EEG")
    binary.add_block(microvolts[:, :500])
    binary.add_block(microvolts[:, 500:], offset_us=round(1e6 * pause_samples / RATE_HZ))
    writer = Writer(str(folder / "rec.mff"))
    writer.addxml("fileInfo", recordTime=datetime(2024, 1, 1, 10, tzinfo=UTC))
    writer.addbin(binary)
    writer.add_coordinates_and_sensor_layout(device="HydroCel GSN 32 1.0")
    writer.write()
    return folder / "rec.mff"


def write_ant(folder: Path) -> Path:
    """ANT Neuro .cnt of `steps()` as whole microvolts, by the library that reads it."""
    from antio.libeep import pyeep  # noqa: PLC0415

    channels = pyeep.create_channel_info()
    for label in LABELS:
        pyeep.add_channel(channels, label, "ref", "uV")
    file = pyeep.write_cnt(str(folder / "rec.cnt"), RATE_HZ, channels, 0)
    pyeep.add_samples(file, steps().T.astype(float).ravel().tolist(), len(LABELS))
    pyeep.close(file)
    return folder / "rec.cnt"


def write_eeglab(folder: Path, events: Sequence[dict[str, Any]] = (), *, fdt: bool = False) -> Path:
    """EEGLAB .set of MATLAB 5 of `steps()` in microvolts; with `fdt` the samples lie beside it."""
    from scipy.io import savemat  # noqa: PLC0415

    chanlocs = np.array([(label,) for label in LABELS], [("labels", object)])
    fields = [("type", object), ("latency", object), ("duration", object)]
    table = np.array([tuple(event.get(name, []) for name, _ in fields) for event in events], fields)
    eeg: dict[str, Any] = {"srate": float(RATE_HZ), "nbchan": 3.0, "pnts": 1000.0, "trials": 1.0, "xmin": 0.0}
    eeg |= {"xmax": 3.996, "chanlocs": chanlocs, "event": table, "icawinv": [], "icaweights": [], "epoch": []}
    (folder / "rec.fdt").write_bytes((steps() / 10).T.astype("<f4").tobytes())
    savemat(folder / "rec.set", {"EEG": eeg | {"data": "rec.fdt" if fdt else steps() / 10}}, appendmat=False)
    return folder / "rec.set"


def write_eeglab_73(folder: Path) -> Path:
    """EEGLAB .set of MATLAB 7.3, HDF5 behind 512 bytes of MATLAB's own, of `steps()` in microvolts."""
    import h5py  # noqa: PLC0415

    def put(parent: Any, name: str, value: Any, kind: str) -> Any:
        data = parent.create_dataset(name, data=value)
        data.attrs["MATLAB_class"] = np.bytes_(kind)
        return data

    def group(parent: Any, name: str) -> Any:
        made = parent.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        return made

    path = folder / "rec.set"
    with h5py.File(path, "w", userblock_size=512) as file:
        eeg = group(file, "EEG")
        for name, number in {
            "srate": RATE_HZ,
            "nbchan": 3,
            "pnts": 1000,
            "trials": 1,
            "xmin": 0,
            "xmax": 3.996,
        }.items():
            put(eeg, name, [[float(number)]], "double")
        put(eeg, "data", (steps() / 10).T.astype("f4"), "single")
        texts = file.create_group("#refs#")
        where = [[put(texts, label, np.array([[ord(char)] for char in label], "u2"), "char").ref] for label in LABELS]
        group(eeg, "chanlocs").create_dataset("labels", data=np.array(where, h5py.ref_dtype), dtype=h5py.ref_dtype)
        for name in ("event", "icawinv"):
            put(eeg, name, np.zeros(2, "u8"), "double").attrs["MATLAB_empty"] = np.uint8(1)
    with path.open("r+b") as file:
        file.write((b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM").ljust(512, b"\0"))
    return path
