"""Check the operators of a loaded model in the graphs that PyTorch compiled, before any method runs."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from eegstream.codec.operators import is_allowed
from eegstream.errors import BundleError


def require_allowed(module: torch.jit.ScriptModule, methods: Iterable[str], origin: str) -> None:
    """Check each of `methods` with everything that it calls; `origin` names the bundle in errors.

    Raises:
        BundleError: an operator is not allowed, or hidden behind a call that cannot be followed.
    """
    for method in methods:
        for kind in _kinds(getattr(module, method).inlined_graph):
            namespace, _, name = kind.partition("::")
            if not is_allowed(namespace, name):
                raise BundleError(
                    f"{origin}: its method {method} uses the operator {kind[:80]}, which no bundle may have",
                    "Write the model with plain tensor operations (docs/reference/bundle.md, Trust), or do not use it",
                )


def _kinds(block: Any) -> Iterator[str]:
    for node in block.nodes():
        yield node.kind()
        for inner in node.blocks():
            yield from _kinds(inner)
