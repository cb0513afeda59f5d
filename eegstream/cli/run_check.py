"""What `eegstream run --check` shows and looks at: no socket is opened, no model runs."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from eegstream.config import EffectiveConfig, RunConfig


def check(effective: "EffectiveConfig", *, as_json: bool) -> None:
    """Print every setting with its origin; raise ConfigError if the daemon would not start with them."""
    if as_json:
        settings = {
            key: {"value": _plain(value), "origin": origin.kind, "where": origin.name or None}
            for key, value, origin in effective.rows()
        }
        click.echo(json.dumps(settings, indent=2))
    else:
        rows = [("setting", "value", "origin")]
        rows += [(key, _shown(value), str(origin)) for key, value, origin in effective.rows()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        for key, value, where in rows:
            click.echo(f"{key:{widths[0]}}  {value:{widths[1]}}  {where}")
    _require_model(effective.config)
    click.echo(_about_kernels(), err=True)


def _about_kernels() -> str:
    from eegstream.kernels import compiled, why_missing

    if compiled is not None:
        return "kernels in C: built"
    return f"kernels in C: missing ({why_missing}); codes are the same, and take several times as long"


def _plain(value: Any) -> Any:
    """The value as JSON has it; a [[stream]] table is a map of what it sets."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.model_dump(mode="json", exclude_none=True) if hasattr(value, "model_dump") else value


def _shown(value: Any) -> str:
    """The value in the table, on one line."""
    from eegstream.errors import one_line

    if value is None or value == ():
        return "none"
    if isinstance(value, bool | str):
        text = json.dumps(value) if isinstance(value, bool) or not value else value
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, tuple) else str(value)
    return one_line(text)


def _require_model(config: "RunConfig") -> None:
    """Raise BundleError or ConfigError if the bundle is not there, or nothing vouches for it; it is not loaded."""
    from eegstream.codec.addresses import find
    from eegstream.codec.archive import read_once
    from eegstream.codec.trust import require_consent, standing

    path, trust = find(config.model), config.trust
    digest = hashlib.sha256(read_once(path)).hexdigest()
    require_consent(standing(path, digest, trust), path, digest, trust)
