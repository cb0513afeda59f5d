"""Match paths against patterns with `*`, `?`, `[...]` and `**`, without regard to case."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

MAGIC = frozenset("*?[")
"""Characters that make a text a pattern."""


def fits(path: str, pattern: str) -> bool:
    """Whether a whole path with "/" matches a pattern; `**` stands for any number of folders."""
    return _fits(path.lower().split("/"), pattern.lower().split("/"))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[number:], pattern[1:]) for number in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def is_ignored(path: str, rules: Sequence[str]) -> bool:
    """Whether rules as in .gitignore and .bidsignore exclude a path; the last rule that matches decides."""
    ignored = False
    for line in rules:
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        keeps = rule.startswith("!")
        if _covers(rule.removeprefix("!"), path):
            ignored = not keeps
    return ignored


def _covers(rule: str, path: str) -> bool:
    """Whether a rule matches a path or a folder above it; a rule without a slash inside matches at any depth."""
    only_folders = rule.endswith("/")
    plain = rule.rstrip("/")
    pattern = plain.lstrip("/") if "/" in plain else f"**/{plain}"
    parts = path.split("/")
    lengths = range(1, len(parts) + (not only_folders))
    return any(fits("/".join(parts[:length]), pattern) for length in lengths)
