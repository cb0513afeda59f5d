"""Versions of the libraries, and where they come from."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import zmq

from eegstream.doctor.facts import Software
from eegstream.kernels import why_missing

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


def look_at_software() -> Software:
    """What is installed here."""
    liblsl, path, trouble = _liblsl()
    return Software(
        eegstream=version("eegstream"),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=platform.platform(terse=True),
        numpy=version("numpy"),
        scipy=version("scipy"),
        torch=torch.__version__,
        torch_cuda=torch.version.cuda,
        gpus=tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())),
        has_nvidia_driver=_NVIDIA_DRIVER.exists() or shutil.which("nvidia-smi") is not None,
        pyzmq=zmq.__version__,
        libzmq=zmq.zmq_version(),
        pylsl=_version("pylsl"),
        liblsl=liblsl,
        liblsl_path=path,
        liblsl_trouble=trouble,
        kernels_trouble=why_missing,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _liblsl() -> tuple[str | None, str | None, str | None]:
    """Its version, its file, and why it cannot be used."""
    try:
        import pylsl  # noqa: PLC0415 - fails where there is no liblsl
        from pylsl.lib import lib  # noqa: PLC0415
    except (ImportError, RuntimeError, OSError) as error:
        return None, None, str(error).strip().partition("\n")[0]
    number = pylsl.library_version()
    return f"{number // 100}.{number % 100}", str(lib._name), None  # noqa: SLF001 - ctypes' name of the file
