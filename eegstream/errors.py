"""The project's errors: each says what was seen, what was expected, and what to do about it.

Only the command line turns an error into an exit code.
"""


class EegstreamError(Exception):
    """An error that the user can do something about.

    `message` says what was seen and what was expected; `remedy` says what to do. Both are shown on one line.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}. {remedy}" if remedy else message)


class RecordingError(EegstreamError):
    """A recording cannot be read, or holds no usable EEG."""


class CodesFileError(EegstreamError):
    """A codes file cannot be read."""


class TokensError(EegstreamError):
    """Numbers are not tokens of the vocabulary, or do not follow each other as tokens do."""


class StreamError(EegstreamError):
    """A live stream cannot be used as it is."""


class ConfigError(EegstreamError):
    """A setting is wrong; a restart will not help."""

    exit_code = 78


class BundleError(ConfigError):
    """A model bundle is missing, malformed or does not reproduce its own golden vectors."""


class CodesError(EegstreamError):
    """A model failed on some input, or gave what its bundle does not allow; nothing of that call may be used."""


class ModelFailedError(CodesError):
    """A model raised an error of its own instead of giving codes."""


class DeviceLostError(EegstreamError):
    """A compute device failed while in use; a restart may help."""

    exit_code = 75


def one_line(text: str, longest: int = 120) -> str:
    """A text in an error: printable, and cut if it is long."""
    text = text[: longest + 1]
    if not text.isprintable():
        text = ascii(text)[1:-1]
    return text if len(text) <= longest else f"{text[:longest]}..."
