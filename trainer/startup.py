"""End a command in one line, without a traceback, when a package is missing or Ctrl-C is pressed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_EXTRAS = {
    "search": ("optuna",),
    "files": ("mne", "edfio", "pyxdf", "pybv", "antio", "mffpy", "pymatreader", "h5py"),
    "trainer": (
        *("lightning", "hydra", "jinja2", "omegaconf", "torchmetrics", "distributed", "matplotlib"),
        *("sklearn", "tensorboard", "wandb"),
    ),
}
INTERRUPTED = 130
_MISSING = 78


@contextmanager
def one_line_endings() -> Iterator[None]:
    """Turn the exception of a missing package or of Ctrl-C into one line and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        extra = extra_of(error.name)
        if extra is None:
            raise
        sys.stderr.write(f"error: {error.name} is not installed. {how_to_install(extra)}\n")
        sys.exit(_MISSING)


def extra_of(module: str | None) -> str | None:
    """The extra of this package that installs a module; None if no extra does."""
    package = (module or "").partition(".")[0]
    return next((extra for extra, packages in _EXTRAS.items() if package in packages), None)


def how_to_install(extra: str) -> str:
    """The command that installs an extra; `search` needs `trainer`, too."""
    extras = "trainer,search" if extra == "search" else extra
    return f"Install the extra `{extra}`: pip install 'eegstream[{extras}]', or '.[{extras}]' in a clone"
