"""Describe a folder of outputs as a BIDS derivative."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from eegstream.files.atomic import replacing
from eegstream.files.bids_names import DESCRIPTION

_BIDS_VERSION = "1.10.0"
_IGNORED = "# codes of eegstream, which BIDS has no names for\n*_codes.*\nmanifest.jsonl\n"


def describe(folder: Path, root: Path, bundles: Iterable[str]) -> None:
    """Write dataset_description.json of the codes of the data set at `root`, made by these bundles, and .bidsignore.

    Raises:
        EegstreamError: they cannot be written.
    """
    source = _said(root)
    name = source.get("Name") or root.name
    said: dict[str, object] = {
        "Name": f"eegstream codes of {name}",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "eegstream",
                "Version": version("eegstream"),
                "Description": f"Codes of EEG by the bundles {', '.join(sorted(bundles))}",
            }
        ],
        **{key: source[key] for key in ("License", "Authors", "HowToAcknowledge") if key in source},
    }
    if doi := source.get("DatasetDOI"):
        said["SourceDatasets"] = [{"DOI": doi}]
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in ((DESCRIPTION, json.dumps(said, indent=2, ensure_ascii=False) + "\n"), (".bidsignore", _IGNORED)):
        with replacing(folder / file) as unfinished:
            unfinished.write_text(text, encoding="utf-8")


def _said(root: Path) -> dict[str, object]:
    """The description of the source; empty if it cannot be read."""
    try:
        said = json.loads((root / DESCRIPTION).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
