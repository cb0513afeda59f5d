"""Tell which recordings a run leaves out, in the words of its settings."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from eegstream.errors import ConfigError
from eegstream.workers.left_out import Account, Skipped, named

FILE = "left_out.json"
"""Lists the paths of all recordings that are left out, by data set and reason."""
_OPTION = re.compile(r"--(channels|drop|unit|rate)\b")


def account(skipped: Sequence[Skipped]) -> Account:
    """The report on these."""
    return Account(skipped, f"{FILE} in the run's folder")


def write_left_out(folder: Path, skipped: Sequence[Skipped]) -> None:
    """Write all names by data set and reason into a run's folder, if there are any and the folder exists."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in skipped:
        found.setdefault(one.data_set, {}).setdefault(one.why, []).append(one.name)
    if found and folder.is_dir():
        (folder / FILE).write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


def unusable(skipped: Sequence[Skipped]) -> ConfigError:
    """The error that ends a strict run."""
    first, *more = skipped
    if not more:
        return ConfigError(f"{first.name} cannot be used: {first.why}", _REMEDY)
    causes = "; ".join(dict.fromkeys(one.why for one in skipped[:3]))
    return ConfigError(f"{len(skipped)} recordings cannot be used: {named(skipped)} ({causes})", _REMEDY)


_REMEDY = "Repair or remove these recordings, or let the run leave them out with data.strict=false"


def with_left_out(error: ConfigError, skipped: Sequence[Skipped]) -> ConfigError:
    """The same error, which also says what was left out before it came to that."""
    if not skipped:
        return error
    told = f"{len(skipped)} left out: {'; '.join(map(str, skipped[:3]))}{' and others' if len(skipped) > 3 else ''}"
    return ConfigError(f"{error.message} ({told})", error.remedy)


def in_settings(text: str) -> str:
    """What names an option of `eegstream encode`, with the setting that is its like here."""
    return _OPTION.sub(r"data.\1", text)
