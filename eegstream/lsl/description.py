"""What an outlet says of its channels, read within limits from the description that liblsl fetched.

It imports no more than it needs: the processes that ask unknown outlets start with it.
"""

from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 256
"""Most characters of a name, an id, a label, a unit or a type."""
LONGEST_DESCRIPTION = 131_072
"""Most bytes of all channels' texts together; a `spec` made of them stays below 1 MiB."""

_TAGS = {
    "label": ("label", "name"),
    "type": ("type",),
    "unit": ("unit", "units"),
    "factor": ("scalingfactor", "scaling_factor", "scaling"),
}


class OversizedError(Exception):
    """A text of the description, or all of them together, is longer than any real one."""


@dataclass(frozen=True)
class ChannelText:
    """What an outlet says of one channel; "" for what it does not say."""

    label: str
    type: str
    unit: str
    factor: str
    """The scaling factor, as stated."""


def channel_texts(full_info: Any, n_channels: int) -> tuple[ChannelText, ...]:
    """The texts of each channel; entries beyond the number of channels are ignored.

    Raises:
        OversizedError: a text or the whole is too long.
    """
    found = []
    size = 0
    node = full_info.desc().child("channels").child("channel")
    for number in range(1, n_channels + 1):
        texts = {what: _first(node, tags, what, number) for what, tags in _TAGS.items()}
        size += sum(len(text.encode()) for text in texts.values())
        if size > LONGEST_DESCRIPTION:
            raise OversizedError(
                f"the texts of its first {number} channels have {size} bytes, expected at most {LONGEST_DESCRIPTION}"
            )
        found.append(ChannelText(**texts))
        node = node.next_sibling("channel")
    return tuple(found)


def _first(node: Any, tags: tuple[str, ...], what: str, number: int) -> str:
    """The text of the first tag that has text."""
    texts = (node.child_value(tag).strip() for tag in tags)
    text = next(filter(None, texts), "")
    if len(text) > LONGEST_TEXT:
        raise OversizedError(
            f"the {what} of channel {number} has {len(text)} characters, expected at most {LONGEST_TEXT}"
        )
    return text
