"""Lab Streaming Layer: discovery, readers, outlets. The home of pylsl."""

from eegstream.errors import EegstreamError

try:
    from pylsl import local_clock
except (RuntimeError, OSError) as error:
    # pylsl's own message takes a dozen lines.
    raise EegstreamError(
        f"pylsl finds no liblsl on this machine ({str(error).strip().splitlines()[0]})",
        "Install liblsl and name it in PYLSL_LIB, as the README describes",
    ) from None

__all__ = ["local_clock"]
