"""Run a bundle on a device, in tiles of one fixed size.

A code must not depend on the other patches in its batch, so every call has the same shape: 64 rows on CPU, 1024 on
CUDA, padded with zeros. Float32 throughout, TF32 and fusion off.

B patches, N samples in a patch, G codes of a patch, R rows in a tile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec import torchscript
from eegstream.codec.bundle import Bundle
from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import DECODE_METHODS
from eegstream.errors import BundleError, ConfigError, DeviceLostError

CPU_TILE = 64
CUDA_TILE = 1024
GOLDEN_AGREEMENT = 0.999
GOLDEN_DECODE_ERROR = 1e-3
_PRECISION = "float32"

_SMALLEST_RMS_UV = 1e-9
Array = NDArray[Any]
Method = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def use_one_thread() -> None:
    """Run this process's CPU kernels in one thread: fastest for small tiles, and it leaves the other cores free."""
    torch.set_num_threads(1)


def choose_device(name: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        ConfigError: the name is unknown, or the CUDA device does not exist.
    """
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    kind, _, index = name.partition(":")
    if kind != "cuda" or (index and not index.isdigit()) or name.endswith(":"):
        raise ConfigError(f"device {name!r} is unknown", "Give auto, cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        raise ConfigError(f"device {name!r} was asked for, but torch sees no CUDA device", "Use --device cpu or auto")
    number = int(index or 0)
    if number >= torch.cuda.device_count():
        raise ConfigError(
            f"device {name!r} was asked for, but there are {torch.cuda.device_count()} CUDA devices",
            f"Give cuda:0 to cuda:{torch.cuda.device_count() - 1}",
        )
    return torch.device("cuda", number)


@dataclass(frozen=True)
class Verification:
    """How closely a device reproduced the golden vectors."""

    agreement: float
    """Share of golden codes that were reproduced."""
    decode_error: float
    """RMS of the decode's error over the RMS of the golden decode."""


class Engine:
    """A verified bundle on one device, warmed up and ready; used from one thread at a time.

    Raises:
        BundleError: the bundle does not reproduce its golden vectors on this device.
    """

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        self.bundle = bundle
        self.device = device
        self.tile = CPU_TILE if device.type == "cpu" else CUDA_TILE
        if device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._module = bundle.module.to(device)
        self._rates = self._host_tensor(1, torch.float32)
        self._patches = self._host_tensor(bundle.manifest.patch, torch.float32)
        self._codes = self._host_tensor(len(bundle.manifest.words), torch.int32)
        self.report = self._verify()

    @property
    def facts(self) -> ModelFacts:
        """The model and its device, for `spec`."""
        return ModelFacts(
            manifest=self.bundle.manifest,
            sha256=self.bundle.sha256,
            device=str(self.device),
            precision=_PRECISION,
            torch=torch.__version__,
        )

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,).

        Raises:
            DeviceLostError: the device failed during the call.
        """
        codes = np.empty((len(patches_uv), self._codes.shape[1]), np.int32)
        self._run_tiles(self._module.encode, (patches_uv, self._patches), rates_hz, (codes, self._codes))
        return codes

    def decode(self, codes: NDArray[np.int32], rates_hz: NDArray[np.float32], kind: str = "mse") -> NDArray[np.float32]:
        """Patches (B, N) in microvolts from codes (B, G); `kind` is one of the manifest's `decodes`.

        Raises:
            ConfigError: this bundle does not have this decode.
            DeviceLostError: the device failed during the call.
        """
        if kind not in self.bundle.manifest.decodes:
            offered = ", ".join(self.bundle.manifest.decodes)
            raise ConfigError(f"{self.bundle.title} has no decode {kind!r}", f"It offers {offered}")
        method = getattr(self._module, DECODE_METHODS[kind])
        patches = np.empty((len(codes), self._patches.shape[1]), np.float32)
        self._run_tiles(method, (codes, self._codes), rates_hz, (patches, self._patches))
        return patches

    def _host_tensor(self, width: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros(self.tile, width, dtype=dtype, pin_memory=self._stream is not None)

    def _run_tiles(
        self,
        method: Method,
        source: tuple[Array, torch.Tensor],
        rates_hz: NDArray[np.float32],
        sink: tuple[Array, torch.Tensor],
    ) -> None:
        """Pass the rows of `source` through `method` tile by tile; each pair is an array and its host-side tile."""
        rows, row_tile = source
        results, result_tile = sink
        for start in range(0, len(rows), self.tile):
            stop = min(start + self.tile, len(rows))
            used = stop - start
            row_tile.numpy()[:used] = rows[start:stop]
            row_tile[used:] = 0
            self._rates.numpy()[:used, 0] = rates_hz[start:stop]
            self._rates[used:] = 1.0
            results[start:stop] = self._run_tile(method, row_tile, result_tile).numpy()[:used]

    def _run_tile(self, method: Method, row_tile: torch.Tensor, result_tile: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), torchscript.without_fusion():
            if self._stream is None:
                return _checked(method(row_tile, self._rates), result_tile)
            try:
                with torch.cuda.stream(self._stream):
                    on_device = row_tile.to(self.device, non_blocking=True)
                    rates = self._rates.to(self.device, non_blocking=True)
                    result_tile.copy_(_checked(method(on_device, rates), result_tile), non_blocking=True)
                self._stream.synchronize()
            except RuntimeError as error:
                raise DeviceLostError(
                    f"{self.device} failed during inference ({str(error).splitlines()[0]})",
                    "Look at the driver's log, then start again",
                ) from error
            return result_tile

    def _verify(self) -> Verification:
        """Reproduce the golden vectors; this also warms up every shape that will be used."""
        golden = self.bundle.golden
        rates = golden.rate_hz[:, 0]
        try:
            codes = self.encode(golden.patches, rates)
            decoded = self.decode(golden.codes, rates)
            for kind in self.bundle.manifest.decodes:
                self.decode(golden.codes[:1], rates[:1], kind)
                if self.bundle.manifest.prefix:
                    self._require_prefixes(kind)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise BundleError(f"{self.bundle.title} does not run: {reason}", "Export the model again") from error
        words = np.array(self.bundle.manifest.words)
        if (codes < 0).any() or (codes >= words).any():
            raise BundleError(f"{self.bundle.title} gives codes outside its words", "Export the model again")
        agreement = float((codes == golden.codes).mean())
        if agreement < GOLDEN_AGREEMENT:
            raise BundleError(
                f"{self.bundle.title} reproduces {agreement:.2%} of its golden codes on {self.device}, "
                f"expected {GOLDEN_AGREEMENT:.1%}",
                "Fetch the bundle again, or use another device",
            )
        decode_error = _rms(decoded - golden.decoded) / max(_rms(golden.decoded), _SMALLEST_RMS_UV)
        if not decode_error <= GOLDEN_DECODE_ERROR:
            raise BundleError(
                f"{self.bundle.title} decodes its golden codes with an error of {decode_error:.2e} on {self.device}, "
                f"expected at most {GOLDEN_DECODE_ERROR:g} of their RMS",
                "Fetch the bundle again, or use another device",
            )
        return Verification(agreement, decode_error)

    def _require_prefixes(self, kind: str) -> None:
        """Decode the first golden patch from its first code, its first two, and so on; the other codes are -1."""
        golden = self.bundle.golden
        groups = golden.codes.shape[1]
        cut = np.where(np.tri(groups, dtype=bool), golden.codes[:1], np.int32(-1))
        if not np.isfinite(self.decode(cut, np.repeat(golden.rate_hz[:1, 0], groups), kind)).all():
            raise ValueError(f"its {kind} decode of a prefix is not finite")


def _checked(result: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Return `result` if dtype and shape are as expected; copying it would silently convert and broadcast."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        raise ValueError(
            f"it returned {result.dtype} {tuple(result.shape)}, expected {expected.dtype} {tuple(expected.shape)}"
        )
    return result


def _rms(x: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(x.astype(np.float64) ** 2)))
