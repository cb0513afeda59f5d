"""Whether the bundles are whole, and how long the chosen one takes here."""

import hashlib
import time
from pathlib import Path

import numpy as np

from eegstream.codec.addresses import SHIPPED, shipped_digests
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.config import RunConfig
from eegstream.doctor.facts import Budget, ChosenBundle, Models, ShippedBundle, Trouble
from eegstream.errors import EegstreamError
from eegstream.tokenizer import Tokenizer

_CHANNELS, _RATE_HZ, _SECONDS, _AMPLITUDE_UV = 64, 256.0, 4, 20.0
_MEASURE_S = 1.5
_LEAST_CALLS = 3


def look_at_models(config: RunConfig, folder: Path = SHIPPED) -> Models:
    """The digests of the bundles in `folder`, and the chosen bundle loaded, verified and timed."""
    try:
        shipped = shipped_bundles(folder)
        device = choose_device(config.device)
        engine = Engine(load(config.model, device, config.trust), device)
    except EegstreamError as error:
        return Models(_or_none(folder), None, None, Trouble(error.message, error.remedy))
    bundle = engine.bundle
    chosen = ChosenBundle(
        title=bundle.title,
        sha256=bundle.sha256,
        standing=bundle.standing.why,
        device=str(device),
        agreement=engine.report.agreement,
        encoded_by=engine.encoded_by,
    )
    return Models(shipped, chosen, measure(engine), None)


def shipped_bundles(folder: Path) -> tuple[ShippedBundle, ...]:
    """Each bundle in `folder`, and whether it has the digest that stands beside it.

    Raises:
        BundleError: the list of digests is missing or malformed.
    """
    digests = shipped_digests(folder)
    return tuple(
        ShippedBundle(path.name, digests.get(path.name) == hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.glob("*.pt"))
    )


def measure(engine: Engine) -> Budget:
    """Take the time of front end and encoder for 64 channels of noise at 256 Hz, for a second or two."""
    tokenizer = Tokenizer(engine)
    noise_uv = np.random.default_rng(0).normal(scale=_AMPLITUDE_UV, size=(_CHANNELS, int(_RATE_HZ) * _SECONDS))
    took_s: list[float] = []
    end_s = time.monotonic() + _MEASURE_S
    while len(took_s) < _LEAST_CALLS or time.monotonic() < end_s:
        start_s = time.perf_counter()
        tokenizer.encode(noise_uv, _RATE_HZ)
        took_s.append(time.perf_counter() - start_s)
    return Budget(_CHANNELS, float(np.median(took_s)) / _SECONDS)


def _or_none(folder: Path) -> tuple[ShippedBundle, ...]:
    try:
        return shipped_bundles(folder)
    except EegstreamError:
        return ()
