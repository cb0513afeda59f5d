"""The data card of a data set of tokens: README.md with a YAML head, as data hubs read it."""

from collections.abc import Sequence

from eegstream.tables.gathered import Gathered
from eegstream.tables.schema import MOST_PATCHES, TableFacts
from eegstream.tables.splits import SPLITS


def data_card(facts: TableFacts, recordings: Sequence[Gathered]) -> str:
    """The card of a data set with these recordings."""
    title = f"{facts.bundle.name}@{facts.bundle.version}"
    splits = [split for split in SPLITS if any(entry.split == split for entry in recordings)]
    files = "\n".join(f"  - split: {split}\n    path: split={split}/*.parquet" for split in splits)
    rows = "\n".join(_row(split, [entry for entry in recordings if entry.split == split]) for split in splits)
    model_rate = facts.frontend.model_rate_hz
    patch_s = f"{facts.patch / model_rate:g} s" if model_rate else f"{facts.patch} samples"
    return f"""---
license: other
license_name: {_quoted(facts.license or "not stated")}
tags:
- eeg
- tokens
configs:
- config_name: default
  data_files:
{files}
---
# EEG as tokens of {title}

Each row holds the codes of one channel over at most {MOST_PATCHES} patches of {patch_s}, with the flags of
the patches and the events of that time. A patch is {len(facts.words)} codes; code g has `words[g]` values:
{list(facts.words)}.

| split | subjects | recordings | hours | channel-hours | patches | events |
|---|---|---|---|---|---|---|
{rows}

Splits go by subject; recordings without a subject count as subjects of their own.

- Bundle: {title}, SHA-256 `{facts.bundle.sha256}`, licence {facts.bundle.license or "not known"}.
- Licence of the recordings: {facts.license or "not stated; ask whoever made them"}.
- Front end: {_front_end(facts)}.
- Made by eegstream {facts.package_version}. The same facts, as JSON, are in the metadata of each file, key `eegstream`.

```python
import datasets, eegstream

rows = datasets.load_dataset("parquet", data_files={{"{splits[0]}": "split={splits[0]}/*.parquet"}})
for item in eegstream.dataset(".", "{splits[0]}", context=1024):
    print(item["tokens"], item["event"])
```
"""


def _row(split: str, entries: Sequence[Gathered]) -> str:
    subjects = {(entry.dataset, entry.subject or entry.recording) for entry in entries}
    hours = sum(entry.seconds for entry in entries) / 3600
    channel_hours = sum(entry.channel_seconds for entry in entries) / 3600
    patches, events = sum(entry.patches for entry in entries), sum(entry.events for entry in entries)
    return f"| {split} | {len(subjects)} | {len(entries)} | {hours:.2f} | {channel_hours:.2f} | {patches} | {events} |"


def _front_end(facts: TableFacts) -> str:
    frontend = facts.frontend
    parts = [
        f"resampled to {frontend.model_rate_hz:g} Hz" if frontend.model_rate_hz else "the recording's own rate",
        f"high-pass {frontend.highpass_hz:g} Hz" if frontend.highpass_hz else "no high-pass",
        f"notch {frontend.notch_hz:g} Hz" if frontend.notch_hz else "no notch",
    ]
    return ", ".join(parts)


def _quoted(text: str) -> str:
    """A text as a YAML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
