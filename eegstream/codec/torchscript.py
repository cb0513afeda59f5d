"""The only module that calls TorchScript.

torch marks TorchScript as deprecated since 2.11 and warns at each script, save and load: with a DeprecationWarning up
to 2.13, with a FutureWarning from 2.14 on. The format is kept on purpose (docs/decisions/0002-torchscript.md). Only
this module silences these warnings, and no others.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import torch

_DEPRECATED = r"`torch\.jit\.(script|script_method|save|load)` is (deprecated|not supported in Python 3\.14\+)"


@contextmanager
def _accepting_deprecation() -> Iterator[None]:
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message=_DEPRECATED, category=category)
        yield


def script(module: torch.nn.Module) -> torch.jit.ScriptModule:
    """Compile `module` and every method that it exports."""
    with _accepting_deprecation():
        scripted: torch.jit.ScriptModule = torch.jit.script(module)
    return scripted


def save(module: torch.jit.ScriptModule, path: Path, extra_files: Mapping[str, bytes]) -> None:
    """Write one file that holds the module and `extra_files` by name."""
    with _accepting_deprecation():
        torch.jit.save(module, str(path), _extra_files=dict(extra_files))


def load(
    path: Path, names: tuple[str, ...], device: torch.device | str = "cpu"
) -> tuple[torch.jit.ScriptModule, dict[str, bytes]]:
    """Return the module on `device`, in evaluation mode, and the extra files in `names` (b"" where absent).

    On a file that is not a TorchScript archive, torch raises RuntimeError, ValueError or OSError.
    """
    extra: dict[str, str | bytes] = dict.fromkeys(names, "")
    with _accepting_deprecation():
        module: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            str(path), map_location=device, _extra_files=extra
        )
    module.eval()
    return module, {name: _as_bytes(content) for name, content in extra.items()}


def load_bytes(content: bytes, device: torch.device | str = "cpu") -> torch.jit.ScriptModule:
    """Return the module of an archive on `device`, in evaluation mode.

    On bytes that are not a TorchScript archive, torch raises RuntimeError, ValueError or OSError.
    """
    with _accepting_deprecation():
        module: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            io.BytesIO(content), map_location=device
        )
    module.eval()
    return module


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def without_fusion() -> AbstractContextManager[None]:
    """Run scripted code operation by operation, as eager mode does: no fused kernels, no profiling runs."""
    context: AbstractContextManager[None] = torch.jit.optimized_execution(False)  # type: ignore[attr-defined]
    return context
