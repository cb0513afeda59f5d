"""Read a list of recordings and their subjects: JSON, CSV or TSV."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from eegstream.errors import ConfigError
from eegstream.files.recording_files import left_out_because
from eegstream.workers.left_out import Skipped
from trainer.data.corpora import Corpus, split_by
from trainer.data.splits import SIDES, RecordingSource, SplitRule

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class ListedRecording(BaseModel):
    """One recording of a manifest; other keys are ignored."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    path: str
    """Relative to the manifest's folder."""
    subject: str
    dataset: str = "recordings"
    split: str = ""
    """A side. If no recording has one, subjects are held out by a rule."""
    license: str = ""


def file_list(
    path: str,
    data_sets: Sequence[str] | None = None,
    shares: Mapping[str, float] | None = None,
    hold_out_share: float = 0.2,
    hold_out: Sequence[Any] = (),
    split_file: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Recordings that a manifest lists; `data_sets` selects data sets, `shares` are their weights.

    Raises:
        ConfigError: the manifest cannot be read, or no split can be made.
    """
    listed = Path(path).expanduser()
    rows = _rows(listed)
    chosen = [row for row in rows if data_sets is None or row.dataset in data_sets]
    known = sorted({row.dataset for row in rows})
    absent = sorted({*(data_sets or ()), *(shares or {})} - {*known})
    if absent or not chosen:
        raise ConfigError(
            f"{listed.name} lists " + (f"no data set {', '.join(absent)}" if absent else "no recording"),
            f"Its data sets are {', '.join(known) or 'none'}",
        )
    is_split = _states_sides(chosen, listed.name)
    there, left_out = _that_are_there(chosen, listed.parent)
    sources = [(RecordingSource(row.dataset, row.subject, str(listed.parent / row.path)), row.split) for row in there]
    rule = SplitRule(hold_out_share, tuple(map(str, hold_out)), split_file, seed)
    if is_split:
        split = {side: [source for source, own in sources if own == side] for side in SIDES}
    else:
        split = split_by(rule, [source for source, _ in sources], left_out)
    return Corpus(
        split,
        shares=dict(shares or {}),
        attributions={row.dataset: f"{row.dataset}: {row.license}" if row.license else "" for row in chosen},
        root=listed.parent,
        left_out=left_out,
        drawn_by=rule if rule.draws and not is_split else None,
    )


def _states_sides(rows: Sequence[ListedRecording], name: str) -> bool:
    """Whether a list gives the sides of its recordings.

    Raises:
        ConfigError: it gives them for some recordings only, or gives unknown sides.
    """
    stated = [row.split for row in rows if row.split]
    if stated and (len(stated) < len(rows) or not {*stated} <= {*SIDES}):
        raise ConfigError(
            f"{name} gives `split` for some recordings only, or other values than {', '.join(SIDES)}",
            "Give one of these for every recording, or for none",
        )
    return bool(stated)


def _that_are_there(rows: Sequence[ListedRecording], folder: Path) -> tuple[list[ListedRecording], tuple[Skipped, ...]]:
    """Rows whose recordings can be read, and the recordings that cannot."""
    reasons = [(row, left_out_because(folder / row.path)) for row in rows]
    left_out = tuple(Skipped(row.path, why, row.dataset) for row, why in reasons if why is not None)
    return [row for row, why in reasons if why is None], left_out


def _rows(path: Path) -> list[ListedRecording]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        delimiter = _DELIMITERS.get(path.suffix.lower())
        rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter)) if delimiter else json.loads(text)
    except (OSError, ValueError) as error:
        raise _no_manifest(path, str(error)) from None
    if not isinstance(rows, list):
        raise _no_manifest(path, "it is not a list")
    checked = []
    for number, row in enumerate(rows, start=1):
        try:
            checked.append(ListedRecording.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(
                f"{path.name}, recording {number}: {where}: {first['msg']}",
                f"Known are {', '.join(ListedRecording.model_fields)}",
            ) from None
    return checked


def _no_manifest(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} is not a manifest ({why})", "Give a JSON list of objects, or CSV or TSV with a header")
