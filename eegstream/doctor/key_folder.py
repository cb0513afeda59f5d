"""Whether the keys that encrypt connections can be used, and by nobody else."""

import os
import stat
from pathlib import Path

from eegstream.config import RunConfig
from eegstream.doctor.facts import Keys, Trouble
from eegstream.errors import ConfigError
from eegstream.keys import allowed, default_folder, own_pair, server_public
from eegstream.wire.addresses import is_local


def look_at_keys(config: RunConfig) -> Keys:
    """The folder that `run` would use; it is needed if it is given, or if other machines can connect."""
    folder = Path(config.keys) if config.keys else default_folder()
    needed = config.keys is not None or not is_local(config.bind)
    exists = folder.is_dir()
    return Keys(
        folder=str(folder),
        exists=exists,
        needed=needed,
        allowed=len(allowed(folder)) if exists else 0,
        troubles=tuple(_troubles(folder, needed=needed)) if exists or needed else (),
    )


def _troubles(folder: Path, *, needed: bool) -> list[Trouble]:
    found = []
    if os.name == "posix" and folder.is_dir() and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        found.append(Trouble(f"{folder} can be changed by other users", f"Run: chmod go-w {folder}"))
    for side in ("server", "client"):
        if (folder / f"{side}.secret").exists() or (needed and side == "server"):
            try:
                own_pair(folder, side)
                if side == "client":
                    server_public(folder)
            except ConfigError as error:
                found.append(Trouble(error.message, error.remedy))
    return found
