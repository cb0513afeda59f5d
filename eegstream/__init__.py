"""Live tokens of EEG: Lab Streaming Layer in, codes over ZeroMQ out.

`Tokenizer` encodes arrays; `read_codes` reads codes files; `vocabulary` turns codes into tokens of a language model;
`dataset` iterates tokens of many recordings; `sys_info` tells what reports of errors should. They are imported on first
use, because only some of them need torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eegstream.doctor.looking import sys_info
    from eegstream.files.codes import read_codes
    from eegstream.token_dataset import dataset
    from eegstream.tokenizer import Tokenizer
    from eegstream.vocabularies import vocabulary

    __version__: str

__all__ = ["Tokenizer", "__version__", "dataset", "read_codes", "sys_info", "vocabulary"]


def __getattr__(name: str) -> Any:
    if name == "Tokenizer":
        from eegstream.tokenizer import Tokenizer  # noqa: PLC0415 - imports torch

        return Tokenizer
    if name == "read_codes":
        from eegstream.files.codes import read_codes  # noqa: PLC0415 - like `Tokenizer`

        return read_codes
    if name == "vocabulary":
        from eegstream.vocabularies import vocabulary  # noqa: PLC0415 - like `Tokenizer`

        return vocabulary
    if name == "dataset":
        from eegstream.token_dataset import dataset  # noqa: PLC0415 - imports torch and pyarrow

        return dataset
    if name == "sys_info":
        from eegstream.doctor.looking import sys_info  # noqa: PLC0415 - imports torch and pylsl

        return sys_info
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - rarely needed

        return version("eegstream")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
