"""What an earlier evaluation found, so that only what it lacks is measured."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eegstream.codec.bundle import Bundle
from eegstream.errors import ConfigError
from trainer.evaluation.heldout_windows import HeldOutWindows

_OF_ALL = ("bundles", "benches", "reference")


@dataclass(frozen=True)
class KnownResults:
    """The content of an earlier `report.json`; {} if there is none."""

    report: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "KnownResults":
        """The report at `path`.

        Raises:
            ConfigError: it cannot be read, or is no report of an evaluation.
        """
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{path} cannot be read as a report: {error}", "Give known=PATH of a report.json that evaluate wrote"
            ) from error
        if not isinstance(report, dict) or not all(isinstance(report.get(part), dict) for part in _OF_ALL):
            raise ConfigError(
                f"{path} is no report of an evaluation: it lacks one of {', '.join(_OF_ALL)}",
                "Give known=PATH of a report.json that evaluate wrote",
            )
        return cls(report)

    def of(self, title: str, seeds: Sequence[Bundle], sets: Sequence[HeldOutWindows]) -> dict[str, Any] | None:
        """What is known of a recipe; None if it is not the same bundle, or some of its seeds were not measured.

        Raises:
            ConfigError: it was measured on other windows.
        """
        own = self._bundles.get(title)
        if own is None or own["sha256"] != seeds[0].sha256:
            return None
        if any(loaded.manifest.training.get("seed") not in own["seeds"] for loaded in seeds):
            return None
        before = {name: found["patches"] for name, found in own["sets"].items()}
        now = {found.name: len(found.patches_uv) for found in sets}
        if before != now:
            raise ConfigError(
                f"the known report measured {title} on {_told(before)}, the data have {_told(now)}",
                "Give the same data, or leave known= out",
            )
        return dict(own)

    def curves(self, bench: str, bits: Sequence[int]) -> dict[str, Any] | None:
        """Curves of the baselines and answers from raw recordings, if they were drawn at the same bits."""
        found = self.report.get("benches", {}).get(bench)
        if found is None or any(
            [drawn for drawn, _ in lines["KLT + Lloyd-Max, gain"]] != list(bits) for lines in found["curves"].values()
        ):
            return None
        return dict(found)

    def is_timed_by(self, reference: str) -> bool:
        """Whether the known times are multiples of this bundle's."""
        return bool(self.report) and self.report["reference"].get("bundle") == reference

    def completed(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """Results with all else that is known.

        Of each name only the versions stay that were measured now. Times are compared within one run, so those of other
        bundles are left out.
        """
        if not self.report:
            return dict(results)
        measured = {_name(title) for title in results["bundles"]}
        kept = {
            title: {part: found for part, found in own.items() if part != "encode_ms"}
            for title, own in self._bundles.items()
            if _name(title) not in measured
        }
        return {
            **results,
            "bundles": {**results["bundles"], **kept},
            "benches": {**self.report["benches"], **results["benches"]},
            "earlier": {part: told for part, told in self.report.items() if part not in _OF_ALL},
        }

    @property
    def _bundles(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.report.get("bundles", {})
        return found


def _name(title: str) -> str:
    return title.rpartition("@")[0]


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} windows of {name}" for name, count in counts.items()) or "no windows"
