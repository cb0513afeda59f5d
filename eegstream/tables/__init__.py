"""Tables of tokens: codes, events and names of recordings in Parquet; docs/reference/tables.md is the specification."""

from importlib.util import find_spec

from eegstream.errors import EegstreamError

if find_spec("pyarrow") is None:
    raise EegstreamError("tables need pyarrow, which is not installed", "pip install 'eegstream[parquet]'")
