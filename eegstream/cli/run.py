"""`eegstream run`."""

import os
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
@click.option("--markers", metavar="FIELD=PATTERN,...", help="Which LSL streams are markers (default: none).")
@click.option("--max-streams", type=click.IntRange(min=1), help="Most streams at a time (default 64).")
@click.option("--buffer-mb", type=click.IntRange(min=1), help="Memory for a stream's waiting samples (default 64).")
@click.option(
    "--when-behind",
    type=click.Choice(["live", "complete"]),
    help="Samples that waited longer than --max-lag-s: 'live' (default) drops them and says so, 'complete' keeps them.",
)
@click.option("--max-lag-s", type=PositiveSeconds(), help="Longest wait of a sample in the daemon (default 5).")
@click.option(
    "--when-device-lost",
    type=click.Choice(["exit", "cpu"]),
    help="If the device fails: 'exit' (default, status 75), or go on with the 'cpu'.",
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Least level told (default info)."
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "text", "json", "journal"]),
    help="Form of the log: 'auto' (default) is the journal's under systemd, else text.",
)
@click.option(
    "--metrics", metavar="ADDRESS:PORT", help="Where Prometheus finds figures, on this machine only (default: nowhere)."
)
@click.option("--check", "only_check", is_flag=True, help="Print the settings with their origins; start nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --check: one JSON object.")
def command(file: Path | None, notch: str | None, *, only_check: bool, as_json: bool, **options: Any) -> None:
    """Tokenize every matching LSL stream, live, until SIGTERM or Ctrl-C.

    Settings come from the file, then from EEGSTREAM_* in the environment, then from the options. SIGHUP has them read
    again.
    """
    from eegstream.stopping import ended_by_signals

    if as_json and not only_check:
        raise click.UsageError("--json was given without --check. Give both, or leave out --json")
    given = {**options, "notch": int(notch) if notch else None}
    if only_check:
        from eegstream.cli.run_check import check
        from eegstream.config import effective_config, environment

        check(effective_config(file, environment(), given), as_json=as_json)
        return
    with ended_by_signals():
        _run(file, given)


def _run(file: Path | None, options: dict[str, Any]) -> None:
    from eegstream.config import RunConfig, effective_config, environment
    from eegstream.log_writer import written_aside
    from eegstream.logs import log_to_stderr

    def read() -> RunConfig:
        return effective_config(file, environment(), options).config

    config = read()
    log_to_stderr(config.log_level, config.log_format)
    from eegstream.daemon.service import serve

    with written_aside():
        serve(config, read)
    # All is closed. To take Python and PyTorch apart takes a second, and does not end if a thread hangs.
    os._exit(0)
