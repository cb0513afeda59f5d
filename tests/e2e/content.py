"""What two ways of encoding must have in common: "same content" of the contract, to the letter."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from eegstream.client import Codes, End, Event, Gap, Loss, Message, Spec, State

ABOUT_THE_RUN = {"run", "seq", "source", "utc", "device", "precision", "torch"}
"""What of a spec may differ."""
TIME_TOLERANCE_S = 1e-6


@dataclass
class EpochContent:
    """The content of one epoch of one stream."""

    spec: dict[str, Any]
    patches: dict[tuple[int, int], tuple[bytes, bytes]] = field(default_factory=dict)
    """Codes and flags by segment and patch."""
    t: dict[tuple[int, int], float] = field(default_factory=dict)
    accounts: dict[int, tuple[str, str, int, int, int, int]] = field(default_factory=dict)
    """Kind, reason, received, discarded, emitted and tail by segment."""
    ended: bool = False


def contents(messages: Iterable[Message | Loss]) -> dict[tuple[str, int], EpochContent]:
    """The content by stream and epoch; a message out of its place is an AssertionError."""
    epochs: dict[tuple[str, int], EpochContent] = {}
    for message in messages:
        assert not isinstance(message, Loss), f"messages were lost: {message}"
        if isinstance(message, State | Event):
            continue
        place = (message.stream, message.epoch)
        if isinstance(message, Spec):
            spec = message.model_dump()
            plain = {name: value for name, value in spec.items() if name not in ABOUT_THE_RUN}
            known = epochs.setdefault(place, EpochContent(plain))
            assert known.spec == plain, f"{place} has two different specs"
            continue
        assert place in epochs, f"{place}: {message.kind} before its spec"
        epoch = epochs[place]
        assert not epoch.ended, f"{place}: {message.kind} after its end"
        if isinstance(message, Codes):
            _add_codes(epoch, message)
        else:
            _add_account(epoch, message)
    return epochs


def _add_codes(epoch: EpochContent, message: Codes) -> None:
    assert message.segment not in epoch.accounts, f"codes of segment {message.segment} after its account"
    for number in range(message.shape[0]):
        key = (message.segment, message.first + number)
        assert key not in epoch.patches, f"patch {key} came twice"
        epoch.patches[key] = (message.array[number].tobytes(), message.flag_array[number].tobytes())
        epoch.t[key] = message.t[number]


def _add_account(epoch: EpochContent, message: Gap | End) -> None:
    assert message.segment == len(epoch.accounts), f"segment {message.segment} ended out of turn"
    got = [patch for segment, patch in epoch.patches if segment == message.segment]
    assert got == list(range(message.emitted)), f"segment {message.segment} emitted {message.emitted}, came: {got}"
    epoch.accounts[message.segment] = (
        message.kind,
        message.reason,
        message.received,
        message.discarded,
        message.emitted,
        message.tail,
    )
    epoch.ended = isinstance(message, End)


def differences(live: EpochContent, offline: EpochContent) -> list[str]:
    """What tells two epochs apart, the first of each kind; empty if nothing does."""
    found = [
        f"spec.{name}: {live.spec.get(name)!r} and {offline.spec.get(name)!r}"
        for name in sorted(live.spec.keys() | offline.spec.keys())
        if live.spec.get(name) != offline.spec.get(name)
    ]
    if live.accounts != offline.accounts:
        found.append(f"accounts: {live.accounts} and {offline.accounts}")
    if live.patches.keys() != offline.patches.keys():
        lone = sorted(live.patches.keys() ^ offline.patches.keys())
        found.append(f"{len(live.patches)} and {len(offline.patches)} patches, the first alone is {lone[0]}")
    common = sorted(live.patches.keys() & offline.patches.keys())
    unlike = [key for key in common if live.patches[key] != offline.patches[key]]
    if unlike:
        found.append(f"codes or flags of {len(unlike)} of {len(common)} patches, the first is {unlike[0]}")
    if common:
        live_0, offline_0 = live.t[common[0]], offline.t[common[0]]
        worst = max(common, key=lambda key: abs((live.t[key] - live_0) - (offline.t[key] - offline_0)))
        off_s = (live.t[worst] - live_0) - (offline.t[worst] - offline_0)
        if not abs(off_s) <= TIME_TOLERANCE_S:
            found.append(f"t of {worst} by {off_s * 1e6:.3f} us")
    return found


def assert_same_content(live: Iterable[Message | Loss], offline: Iterable[Message | Loss]) -> int:
    """Both hold the same streams, epochs and content; return the number of patches, all channels as one."""
    ours, theirs = contents(live), contents(offline)
    assert ours.keys() == theirs.keys()
    for place, epoch in ours.items():
        assert epoch.ended
        assert not (found := differences(epoch, theirs[place])), f"{place} differ:\n" + "\n".join(found)
    return sum(len(epoch.patches) for epoch in ours.values())
