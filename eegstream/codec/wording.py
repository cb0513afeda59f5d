"""Words of others in our errors: one line, short, and without characters that steer a terminal."""

_MOST_CHARACTERS = 120


def printable(text: str) -> str:
    """The text with every character that is not printable escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def reason(error: BaseException, line: int = 0) -> str:
    """One line of an error's message, by default the first; its type if it has none."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return printable(lines[line][:_MOST_CHARACTERS])
