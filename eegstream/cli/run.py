"""`eegstream run`."""

from pathlib import Path
from typing import Any

import click

from eegstream.cli.options import (
    PositiveSeconds,
    channel_options,
    device_option,
    keys_option,
    model_option,
    signal_options,
)
from eegstream.wire.identity import DEFAULT_URL


@click.command("run")
@click.option("--config", "file", type=click.Path(path_type=Path), help="TOML file with the options' names as keys.")
@model_option
@device_option
@click.option("--bind", metavar="URL", help=f"Where codes are published (default {DEFAULT_URL}).")
@keys_option
@click.option("--control", metavar="URL", help="Where replays are asked for (default: the port after that of --bind).")
@click.option("--replay-mb", type=click.IntRange(0, 1024), help="Memory for replays, 0 for none (default 16).")
@channel_options
@signal_options
@click.option("--select", metavar="FIELD=PATTERN,...", help="Which LSL streams are taken (default type=EEG).")
@click.option("--max-streams", type=click.IntRange(min=1), help="Most streams at a time (default 64).")
@click.option("--buffer-mb", type=click.IntRange(min=1), help="Memory for a stream's waiting samples (default 64).")
@click.option(
    "--when-behind",
    type=click.Choice(["live", "complete"]),
    help="Samples that waited longer than --max-lag-s: 'live' (default) drops them and says so, 'complete' keeps them.",
)
@click.option("--max-lag-s", type=PositiveSeconds(), help="Longest wait of a sample in the daemon (default 5).")
@click.option("--check", "only_check", is_flag=True, help="Print the settings with their origins; start nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --check: one JSON object.")
def command(file: Path | None, notch: str | None, *, only_check: bool, as_json: bool, **options: Any) -> None:
    """Tokenize every matching LSL stream, live, until SIGTERM or Ctrl-C.

    Settings come from the file, then from EEGSTREAM_* in the environment, then from the options.
    """
    from eegstream.config import effective_config, environment

    if as_json and not only_check:
        raise click.UsageError("--json was given without --check. Give both, or leave out --json")
    effective = effective_config(file, environment(), {**options, "notch": int(notch) if notch else None})
    if only_check:
        from eegstream.cli.run_check import check

        check(effective, as_json=as_json)
        return
    from eegstream.logs import log_to_stderr

    log_to_stderr()
    from eegstream.daemon.service import serve

    serve(effective.config)
