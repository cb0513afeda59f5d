"""Live tokens of EEG: Lab Streaming Layer in, codes over ZeroMQ out.

`Tokenizer` encodes arrays; `read_codes` reads codes files. Both are imported when they are first asked for, since the
one brings torch and the other does not.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eegstream.files.codes import read_codes
    from eegstream.tokenizer import Tokenizer

    __version__: str

__all__ = ["Tokenizer", "__version__", "read_codes"]


def __getattr__(name: str) -> Any:
    if name == "Tokenizer":
        from eegstream.tokenizer import Tokenizer  # noqa: PLC0415 - brings torch

        return Tokenizer
    if name == "read_codes":
        from eegstream.files.codes import read_codes  # noqa: PLC0415 - kept beside the other

        return read_codes
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - seldom asked for

        return version("eegstream")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
