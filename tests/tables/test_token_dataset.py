"""Items of a data set hold every token once, in order, with what is known of it."""

from collections.abc import Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch.utils.data import DataLoader

pytest.importorskip("pyarrow", reason="tables need the extra `parquet`")

import eegstream
from eegstream.errors import CodesFileError, ConfigError
from eegstream.files.segments import collect_segments
from eegstream.tables.packing import windows
from eegstream.tables.recordings import Part, Placed, share
from eegstream.tables.sequences import TokenSequence, special
from eegstream.tables.shards import gather
from eegstream.token_dataset import TokenDataset
from tests.tables.made import LABELS, messages, recording, table

RECORDINGS = {
    f"r{number:02}": recording(f"r{number:02}", number, 6.0 + number, hole_s=number % 2) for number in range(6)
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of three channels, some with a gap, as a data set."""
    folder = tmp_path_factory.mktemp("set")
    tables = [table(folder, given) for given in RECORDINGS.values()]
    gather(tables, folder / "set")
    return folder / "set"


def _flat(items: Sequence[dict[str, torch.Tensor]], name: str = "tokens") -> np.ndarray:
    return torch.cat([item[name] for item in items]).numpy()


def test_tokens_are_those_of_the_vocabulary(data: Path) -> None:
    """Channel after channel, with a gap token between segments and between channels, as `to_tokens` writes them."""
    words = eegstream.vocabulary("fast")
    expected = []
    for name in sorted(RECORDINGS):
        segments = collect_segments(messages(RECORDINGS[name]), name)
        rows = words.to_tokens(segments)
        expected += [rows[LABELS.index(label)] for label in sorted(LABELS)]
    joined = expected[0]
    for row in expected[1:]:
        joined = np.concatenate([joined, [1], row])
    items = list(eegstream.dataset(data, split=None, context=100))
    assert {len(item["tokens"]) for item in items} == {100}
    flat = _flat(items)
    np.testing.assert_array_equal(flat[: len(joined)], joined)
    assert not flat[len(joined) :].any()
    assert len(flat) - len(joined) < 100
    made = eegstream.dataset(data, split=None)
    assert (made.size, made.words) == (words.size, words.words)


@pytest.mark.parametrize("separator", [False, True])
def test_interleaved_tokens_go_patch_by_patch(data: Path, separator: bool) -> None:
    """All channels of a patch, then those of the next; separators stand between patches."""
    made = eegstream.dataset(data, split=None, context=64, layout="interleaved", separator=separator)
    items = list(made)
    tokens, channel, t = (_flat(items, name) for name in ("tokens", "channel", "t"))
    n_codes, n_channels = len(made.words), len(LABELS)
    step = n_codes * n_channels + separator
    first = slice(0, n_codes * n_channels)
    np.testing.assert_array_equal(channel[first], np.repeat(np.arange(n_channels), n_codes))
    assert set(t[first]) == {0.0}
    assert t[step] == 0.25
    assert [made.channels[number] for number in channel[first][::n_codes]] == sorted(LABELS)
    if separator:
        assert tokens[step - 1] == 2
    assert (_flat(items, "position")[first] == np.tile(np.arange(n_codes), n_channels)).all()


def test_events_flags_and_sequences_belong_to_their_tokens(data: Path) -> None:
    """Patches of 0.25 s: one begins at 3 s, one lasts from 0.5 to 1.75 s; the beginning of a segment is flagged."""
    made = eegstream.dataset(data, split=None, context=50)
    items = list(made)
    event, t, flags, mask, sequence, position = (
        _flat(items, name) for name in ("event", "t", "flags", "mask", "sequence", "position")
    )
    is_code = position >= 0
    closed, seven = made.labels.index("closed"), made.labels.index("7")
    np.testing.assert_array_equal(event[is_code] == closed, (t[is_code] >= 0.5) & (t[is_code] < 1.75))
    np.testing.assert_array_equal(event[is_code] == seven, t[is_code] == 3.0)
    assert (flags[is_code & (t == 0)] & 16).all()
    np.testing.assert_array_equal(mask, is_code & (flags == 0))
    assert mask.any()
    assert (sequence[_flat(items) == 0] == -1).all()
    assert all(item["sequence"].numpy()[0] == 0 for item in items)


def _codes(items: Sequence[dict[str, torch.Tensor]]) -> list[tuple[int, int, float, int]]:
    position = _flat(items, "position")
    columns = [_flat(items, name)[position >= 0] for name in ("channel", "position", "t", "tokens")]
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_workers_and_ranks_share_the_recordings(data: Path) -> None:
    """Together they have every token once, however many they are; a worker without recordings has no items."""
    whole = _codes(list(eegstream.dataset(data, split=None, context=77)))
    parts: list[dict[str, torch.Tensor]] = []
    for rank in range(2):
        made = eegstream.dataset(data, split=None, context=77, share_of=(rank, 2))
        parts += list(DataLoader(made, batch_size=None, num_workers=2))
    assert _codes(parts) == whole
    many = [list(eegstream.dataset(data, split=None, context=77, share_of=(rank, 20))) for rank in range(20)]
    assert [] in many
    assert _codes([item for items in many for item in items]) == whole


def test_shuffling_changes_the_order_alone(data: Path) -> None:
    """The same seed and epoch give the same order, another epoch another one."""
    made = eegstream.dataset(data, split=None, context=40, shuffle=3)
    first, again = list(made), list(made)
    np.testing.assert_array_equal(_flat(first), _flat(again))
    made.set_epoch(1)
    later = list(made)
    assert not np.array_equal(_flat(first), _flat(later))
    assert _codes(first) == _codes(later) == _codes(list(eegstream.dataset(data, split=None, context=40)))


def test_splits_are_chosen_and_errors_are_told(data: Path, tmp_path: Path) -> None:
    """A split that is not there, a folder without tables, and settings that are none."""
    there = [path.name.removeprefix("split=") for path in data.glob("split=*")]
    parts = [_codes(list(eegstream.dataset(data, split=split, context=99))) for split in there]
    assert sorted(one for part in parts for one in part) == _codes(
        list(eegstream.dataset(data, split=None, context=99))
    )
    made = [eegstream.dataset(data, split=split) for split in (*there, None)]
    assert len({(one.channels, one.labels) for one in made}) == 1, "numbers mean the same in all splits"
    with pytest.raises(CodesFileError, match="no table of the split other"):
        eegstream.dataset(data, split="other")
    with pytest.raises(CodesFileError, match="no table"):
        eegstream.dataset(tmp_path)
    with pytest.raises(ConfigError, match="context 0"):
        eegstream.dataset(data, context=0)
    with pytest.raises(ConfigError, match="rank 2 of 2"):
        eegstream.dataset(data, split=None, share_of=(2, 2))


def _numbered(start: int, length: int) -> TokenSequence:
    count = np.arange(start, start + length)
    return TokenSequence(count, count.astype(np.int16), count, count.astype(float), count.astype(np.uint8), count)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 12))
@settings(deadline=None)
def test_packing_leaves_nothing_out(lengths: list[int], context: int) -> None:
    """Whatever the lengths: sequences in order, one gap token between two, padding at the end alone."""
    starts = np.cumsum([3, *lengths[:-1]])
    given_sequences = [_numbered(int(start), length) for start, length in zip(starts, lengths, strict=True)]
    made = list(windows(given_sequences, context))
    assert {len(window.content) for window in made} == {context}
    tokens = np.concatenate([window.content.tokens for window in made])
    expected = given_sequences[0].tokens
    for sequence in given_sequences[1:]:
        expected = np.concatenate([expected, special(1).tokens, sequence.tokens])
    np.testing.assert_array_equal(tokens[: len(expected)], expected)
    assert not tokens[len(expected) :].any()
    assert len(tokens) - len(expected) < context


@given(st.lists(st.integers(1, 1000), max_size=30), st.integers(1, 8))
def test_shares_are_a_partition(sizes: list[int], shares: int) -> None:
    """Each recording has one owner, and no share is larger than the mean by more than one recording."""
    recordings = [Placed(f"{n}", (Part(Path("x"), 0),), size) for n, size in enumerate(sizes)]
    parts = [share(recordings, number, shares) for number in range(shares)]
    assert [one for part in parts for one in part] == recordings
    mean = sum(sizes) / shares
    assert all(sum(r.patches for r in part) <= mean + max(sizes, default=0) for part in parts)


def test_it_is_what_a_loader_takes(data: Path) -> None:
    """A batch is a map of tensors (B, T)."""
    made = eegstream.dataset(data, split=None, context=32)
    assert isinstance(made, TokenDataset)
    batch = next(iter(DataLoader(made, batch_size=4)))
    assert batch["tokens"].shape == (4, 32)
    assert batch["tokens"].dtype == torch.int64
