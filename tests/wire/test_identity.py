"""Names of streams on the wire."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.wire.identity import DAEMON, slug, stream_name

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(_texts)
def test_a_slug_holds_only_its_few_characters(name: str) -> None:
    """Whatever a sender calls itself, its slug is a moderate number of `a-z 0-9 _ -`, and never nothing."""
    made = slug(name)
    assert re.fullmatch(r"[a-z0-9_-]{1,48}", made)
    assert not made.startswith("-")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Muse 2", "muse-2"),
        ("  OpenBCI__EEG ", "openbci__eeg"),
        ("a/b\nc\x1b[31m", "a-b-c-31m"),
        ("脑电", "stream"),
        ("Größe", "gr-e"),
        ("", "stream"),
        ("---", "stream"),
        ("x" * 300, "x" * 48),
    ],
)
def test_slugs_of_some_names(name: str, made: str) -> None:
    """Runs of other characters become one hyphen, none at the ends; nothing left is "stream"."""
    assert slug(name) == made


@given(_texts, _texts, _texts, _texts)
def test_a_stream_name_is_a_slug_and_six_digits(name: str, kind: str, source_id: str, hostname: str) -> None:
    """The digits are the SHA-256 of the source id, or of name, type and host where there is none."""
    made = stream_name(name, kind, source_id, hostname)
    assert re.fullmatch(r"[a-z0-9_-]+", made)
    identity = source_id if source_id else f"{name}|{kind}|{hostname}"
    assert made == f"{slug(name)}-{hashlib.sha256(identity.encode()).hexdigest()[:6]}"
    assert made != DAEMON


def test_a_device_keeps_its_name_wherever_it_comes_back() -> None:
    """With a source id, type and host do not matter; without one, they do."""
    assert stream_name("Muse", "EEG", "id", "a") == stream_name("Muse", "eeg", "id", "b")
    assert stream_name("Muse", "EEG", "", "a") != stream_name("Muse", "EEG", "", "b")
    assert stream_name("Muse", "EEG", "one", "a") != stream_name("Muse", "EEG", "two", "a")
