"""Run a bundle on a device, in tiles of one fixed size.

A code must not depend on the other patches in its batch, so every call has the same shape: 64 rows on CPU, 1024 on
CUDA, padded with zeros. Float32 throughout, TF32 and fusion off.

B patches, N samples in a patch, G codes of a patch, R rows in a tile.
"""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec import torchscript
from eegstream.codec.bundle import Bundle
from eegstream.codec.compiled_search import CompiledSearch, UnsuitedError
from eegstream.codec.devices import choose_device, one_thread
from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import DECODE_METHODS
from eegstream.codec.verification import Verification, verify
from eegstream.codec.wording import reason
from eegstream.errors import CodesError, ConfigError, DeviceLostError, ModelFailedError
from eegstream.kernels import Kernels, compiled

__all__ = ["CPU_TILE", "CUDA_TILE", "Engine", "Verification", "choose_device"]

CPU_TILE = 64
CUDA_TILE = 1024
_PRECISION = "float32"
_REPORT = "Nothing of this call is used. Report it to whoever made the bundle"

log = logging.getLogger(__name__)

Array = NDArray[Any]
Method = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Engine:
    """A verified bundle on one device, warmed up and ready; used from one thread at a time.

    On the CPU, a classified bundle is searched by `kernels` in C if these are there and give the codes that its
    TorchScript gives for the golden patches.

    Raises:
        BundleError: the bundle does not reproduce its golden vectors on this device.
    """

    def __init__(self, bundle: Bundle, device: torch.device, kernels: Kernels | None = compiled) -> None:
        self.bundle = bundle
        self.device = device
        self.tile = CPU_TILE if device.type == "cpu" else CUDA_TILE
        if device.type == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._module = bundle.module.to(device)
        self._encode: Method = self._module.encode
        self._rates = self._host_tensor(1, torch.float32)
        self._patches = self._host_tensor(bundle.manifest.patch, torch.float32)
        self._codes = self._host_tensor(len(bundle.manifest.words), torch.int32)
        self._words = np.array(bundle.manifest.words, np.uint32)
        self.report = verify(self)
        self.encoded_by = self._speed_up(kernels)
        """`the search in C`, or `TorchScript` and why; for people."""

    @property
    def facts(self) -> ModelFacts:
        """The model and its device, for `spec`."""
        return ModelFacts(
            manifest=self.bundle.manifest,
            sha256=self.bundle.sha256,
            device=str(self.device),
            precision=_PRECISION,
            torch=torch.__version__,
            notes=self.bundle.standing.notes,
        )

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,), each within its codebook.

        Raises:
            CodesError: the model gave another number, or failed.
            DeviceLostError: the device failed during the call.
        """
        codes = np.empty((len(patches_uv), self._codes.shape[1]), np.int32)
        self._run_tiles(self._encode, (patches_uv, self._patches), rates_hz, (codes, self._codes), self._require_codes)
        return codes

    def _speed_up(self, kernels: Kernels | None) -> str:
        """Encode with the search in C from now on if it gives the codes of TorchScript; say what is used, and why."""
        if self.device.type != "cpu":
            return "TorchScript"
        try:
            self._encode = CompiledSearch(self.bundle, kernels)
        except UnsuitedError as why:
            return f"TorchScript ({why})"
        golden = self.bundle.golden
        try:
            if np.array_equal(self.encode(golden.patches, golden.rate_hz[:, 0]), self.report.codes):
                return "the search in C"
        except CodesError as error:
            log.debug("the search in C: %s", error)
        self._encode = self._module.encode
        log.warning("%s: the search in C gives other codes than TorchScript, which is used now", self.bundle.title)
        return "TorchScript (the search in C gives other codes)"

    def decode(self, codes: NDArray[np.int32], rates_hz: NDArray[np.float32], kind: str = "mse") -> NDArray[np.float32]:
        """Patches (B, N) in microvolts, all finite, from codes (B, G); `kind` is one of the manifest's `decodes`.

        If the manifest says `prefix`, codes that were cut off may be -1.

        Raises:
            CodesError: a code lies outside its codebook, the model gave a number that is not finite, or it failed.
            ConfigError: this bundle does not have this decode.
            DeviceLostError: the device failed during the call.
        """
        if kind not in self.bundle.manifest.decodes:
            offered = ", ".join(self.bundle.manifest.decodes)
            raise ConfigError(f"{self.bundle.title} has no decode {kind!r}", f"It offers {offered}")
        self._require_codes(
            np.where(codes == -1, 0, codes) if self.bundle.manifest.prefix else codes, "decode was given"
        )
        method = getattr(self._module, DECODE_METHODS[kind])
        patches = np.empty((len(codes), self._patches.shape[1]), np.float32)
        self._run_tiles(method, (codes, self._codes), rates_hz, (patches, self._patches), self._require_finite)
        return patches

    def _require_codes(self, codes: NDArray[np.int32], what: str = "encode gave") -> None:
        """Negative codes are large as unsigned numbers, so one comparison finds all that lie outside."""
        outside = np.ascontiguousarray(codes, np.int32).view(np.uint32) >= self._words
        if outside.any():
            row, group = np.argwhere(outside)[0]
            raise CodesError(
                f"{self.bundle.title}: {what} {codes[row, group]} as code {group}, "
                f"expected 0 to {self._words[group] - 1}",
                _REPORT,
            )

    def _require_finite(self, patches_uv: NDArray[np.float32]) -> None:
        if not np.isfinite(patches_uv).all():
            raise CodesError(
                f"{self.bundle.title}: decode gave a sample that is not finite, expected finite microvolts",
                _REPORT,
            )

    def _host_tensor(self, width: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros(self.tile, width, dtype=dtype, pin_memory=self._stream is not None)

    def _run_tiles(
        self,
        method: Method,
        source: tuple[Array, torch.Tensor],
        rates_hz: NDArray[np.float32],
        sink: tuple[Array, torch.Tensor],
        require: Callable[[Array], None],
    ) -> None:
        """Pass the rows of `source` through `method` tile by tile; each pair is an array and its host-side tile.

        `require` raises on result rows that are not as they must be.
        """
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
            require(results[start:stop])

    def _run_tile(self, method: Method, row_tile: torch.Tensor, result_tile: torch.Tensor) -> torch.Tensor:
        try:
            with torch.inference_mode(), torchscript.without_fusion(), one_thread():
                if self._stream is None:
                    return _checked(method(row_tile, self._rates), result_tile)
                with torch.cuda.stream(self._stream):
                    on_device = row_tile.to(self.device, non_blocking=True)
                    rates = self._rates.to(self.device, non_blocking=True)
                    result_tile.copy_(_checked(method(on_device, rates), result_tile), non_blocking=True)
                self._stream.synchronize()
                return result_tile
        except (RuntimeError, ValueError, torch.jit.Error) as error:
            if self._stream is not None and isinstance(error, RuntimeError):
                raise DeviceLostError(
                    f"{self.device} failed during inference ({reason(error)})",
                    "Look at the driver's log, then start again",
                ) from error
            raise ModelFailedError(f"{self.bundle.title} does not run: {reason(error, -1)}", _REPORT) from error


def _checked(result: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Return `result` if dtype and shape are as expected; copying it would silently convert and broadcast."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        raise ValueError(
            f"it returned {result.dtype} {tuple(result.shape)}, expected {expected.dtype} {tuple(expected.shape)}"
        )
    return result
