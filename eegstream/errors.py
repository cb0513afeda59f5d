"""The project's errors: what was seen, what was expected, and what to do about it.

Only the command line turns an error into an exit code.
"""


class EegstreamError(Exception):
    """Something failed in a way that a person can act upon.

    `message` says what came and what was expected; `remedy` says what to do. Both end up on one line.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}. {remedy}" if remedy else message)


class RecordingError(EegstreamError):
    """A file is no recording that can be read, or holds no usable EEG."""


class CodesFileError(EegstreamError):
    """A file is no codes file that can be read."""


class StreamError(EegstreamError):
    """A live stream cannot be used as it is."""


class ConfigError(EegstreamError):
    """A setting is wrong; starting again will not help."""

    exit_code = 78


class BundleError(ConfigError):
    """A model bundle is missing, malformed or does not reproduce its own golden vectors."""


class DeviceLostError(EegstreamError):
    """A compute device went away while in use; starting again may help."""

    exit_code = 75
