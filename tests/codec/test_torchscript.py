"""The deprecation of TorchScript is silenced, in the form that each version of torch gives it, and nothing else."""

import warnings

import pytest

from eegstream.codec import torchscript


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning])
@pytest.mark.parametrize("call", ["script", "script_method", "save", "load"])
@pytest.mark.parametrize("said", ["is deprecated. Please switch to", "is not supported in Python 3.14+ and may break."])
def test_the_deprecation_is_not_shown(category: type[Warning], call: str, said: str) -> None:
    """torch 2.11 to 2.13 raise it as a DeprecationWarning, 2.14 as a FutureWarning, which Python shows to everybody."""
    with torchscript._accepting_deprecation():
        warnings.warn(f"`torch.jit.{call}` {said} `torch.export`.", category, stacklevel=1)


@pytest.mark.parametrize("said", ["`torch.jit.trace` is deprecated.", "weights_only will change"])
def test_other_warnings_are_shown(said: str) -> None:
    """They may matter."""
    with torchscript._accepting_deprecation(), pytest.warns(FutureWarning, match="torch.jit.trace|weights_only"):
        warnings.warn(said, FutureWarning, stacklevel=1)
