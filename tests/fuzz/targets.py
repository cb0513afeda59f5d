"""What reads bytes from outside, each with whole input to break and the errors that it may give.

A target takes a random generator, breaks its input and reads it. Anything raised but its own error is a finding; so is
a call that takes too long.
"""

import random
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pylsl

from eegstream.codec.addresses import find
from eegstream.codec.archive import Archive
from eegstream.codec.bundle import load, load_bytes
from eegstream.codec.envelopes import Envelopes
from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import Manifest
from eegstream.codec.meanings import meanings_of
from eegstream.codec.trust import Standing
from eegstream.config import effective_config
from eegstream.epoch import require_usable
from eegstream.errors import BundleError, CodesFileError, ConfigError, StreamError
from eegstream.files.codes import CodesWriter, load_codes
from eegstream.lsl.description import OversizedError, channel_texts
from eegstream.lsl.discovery import announcement
from eegstream.lsl.metadata import stream_geometry
from eegstream.pubsub.replay import Replay
from eegstream.pubsub.ring import Ring
from eegstream.stream import SignalOptions
from eegstream.wire.parsing import WireError, parse
from tests.fuzz.mutation import broken_bytes, broken_map
from tests.wire.examples import CODES, END, GAP, SPEC, STATE

Target = Callable[[random.Random], None]

_MESSAGES = (SPEC, CODES, GAP, END, STATE)
_REQUEST = {"v": 1, "ask": "replay", "id": 3, "stream": SPEC.stream, "run": SPEC.run, "first_seq": 0, "count": 10}
_SETTINGS = Path(__file__).parents[2] / "systemd" / "eegstream.toml"
_LONGEST_WHY = 4000


def _facts() -> ModelFacts:
    bundle = load("fast")
    return ModelFacts(bundle.manifest, bundle.sha256, device="cpu", precision="float32", torch="2")


def targets(folder: Path) -> Mapping[str, Target]:
    """Every target by name; `folder` is for files."""
    return {
        "wire": _wire,
        "replay": _Requests(),
        "codes files": _CodesFiles(folder),
        "manifests": _Manifests(),
        "bundles": _Bundles(),
        "tables": _Tables(),
        "metadata": _Descriptions(),
        "configuration": _Configuration(folder),
    }


def _wire(rng: random.Random) -> None:
    whole = rng.choice(_MESSAGES).model_dump()
    try:
        parse(broken_map(rng, whole))
    except WireError as error:
        _require_short(error)


class _Requests:
    def __init__(self) -> None:
        self._replay, self._now_s = Replay(Ring(1 << 20)), 0.0

    def __call__(self, rng: random.Random) -> None:
        self._now_s += 1.0
        assert len(self._replay.answer(broken_map(rng, _REQUEST), self._now_s)) < 1 << 21


class _CodesFiles:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "fuzz.codes.mcap"
        with CodesWriter(self._path) as writer:
            for message in _MESSAGES:
                writer.write(message)
        self._whole = self._path.read_bytes()

    def __call__(self, rng: random.Random) -> None:
        self._path.write_bytes(broken_bytes(rng, self._whole))
        try:
            load_codes(self._path)
        except CodesFileError as error:
            _require_short(error)


class _Manifests:
    def __init__(self) -> None:
        self._whole = _facts().manifest.model_dump_json().encode()

    def __call__(self, rng: random.Random) -> None:
        try:
            Manifest.from_json(broken_bytes(rng, self._whole), "fuzz.pt")
        except BundleError as error:
            _require_short(error)


class _Bundles:
    """Bundles whose bytes are broken, read as if somebody vouched for them.

    One may load: an archive has bytes between its entries that mean nothing.
    """

    def __init__(self) -> None:
        self._path = find("fast")
        self._whole = self._path.read_bytes()
        self._manifest = _facts().manifest

    def __call__(self, rng: random.Random) -> None:
        content = broken_bytes(rng, self._whole)
        try:
            bundle = load_bytes(content, Path("fuzz.pt"), "0" * 64, Standing("pinned"))
        except BundleError as error:
            _require_short(error)
        else:
            assert bundle.manifest == self._manifest, "a broken manifest was loaded"


class _Tables:
    """The tables and settings of a bundle that nothing vouches for: read without PyTorch, never run."""

    _VALUES = (
        None,
        True,
        0,
        -1,
        3,
        29,
        10**9,
        2.5,
        "",
        "x",
        [],
        [8, 5],
        [8, 8, 8, 5, 5, 5],
        [0.25, 1000],
        [1, "a"],
        {},
    )

    def __init__(self) -> None:
        self._of = {}
        for name in ("fast", "seed"):
            archive = Archive.read(find(name).read_bytes(), name)
            self._of[name] = (archive, Manifest.from_archive(archive, name))

    def __call__(self, rng: random.Random) -> None:
        archive, manifest = self._of[rng.choice(("fast", "seed"))]
        model = {key: rng.choice(self._VALUES) if rng.randrange(8) == 0 else v for key, v in manifest.model.items()}
        entries = {**archive.entries}
        if rng.randrange(2):
            entries["data.pkl"] = broken_bytes(rng, entries["data.pkl"])
        broken = manifest.model_copy(update={"model": model})
        for read in (meanings_of, lambda own: Envelopes.of(Archive(entries), own, "fuzz.pt")):
            try:
                read(broken)
            except BundleError as error:
                _require_short(error)


class _Descriptions:
    """An outlet's description as liblsl parses it, up to the choice of channels."""

    _TEXTS = (
        "",
        "Fz",
        "EEG 1",
        "microvolts",
        "1e400",
        "²",
        "\t\n",
        "x" * 300,
        "uV!",
        "-5",
        "∞",
        "nan",
        "*",
        "[",
        "A-B",
    )

    def __init__(self) -> None:
        self._facts = _facts()

    def __call__(self, rng: random.Random) -> None:
        name, kind = rng.choice(self._TEXTS) or "n", rng.choice(self._TEXTS)
        info = pylsl.StreamInfo(name, kind, rng.randint(1, 40), 250.0, "float32", "id")
        channels = info.desc().append_child("channels")
        for _ in range(rng.randint(0, 45)):
            channel = channels.append_child(rng.choice(("channel", "channel", "chan")))
            for tag in ("label", "name", "type", "unit", "units", "scaling_factor"):
                if rng.randrange(2):
                    channel.append_child_value(tag, rng.choice(self._TEXTS))
        stream = announcement(info)
        try:
            geometry = stream_geometry(stream, channel_texts(info, stream.n_channels))
            require_usable(geometry, self._facts, SignalOptions())
        except (OversizedError, StreamError, ConfigError) as error:
            _require_short(error)


class _Configuration:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "fuzz.toml"
        self._whole = _SETTINGS.read_bytes()
        self._keys = list(tomllib.loads(self._whole.decode()))

    def __call__(self, rng: random.Random) -> None:
        self._path.write_bytes(broken_bytes(rng, self._whole))
        values: tuple[Any, ...] = (
            "",
            "²",
            "1e999",
            "9" * 5000,
            "[",
            "\ud800",
            "name=",
            "a=b=c",
            "*" * 200,
            "tcp://:::",
        )
        variables = {f"EEGSTREAM_{rng.choice(self._keys).upper().replace('-', '_')}": rng.choice(values)}
        try:
            effective_config(self._path, variables if rng.randrange(2) else {}, {})
        except ConfigError as error:
            _require_short(error)


def _require_short(error: Exception) -> None:
    text = str(error)
    assert len(text) < _LONGEST_WHY, f"an error of {len(text)} characters"
