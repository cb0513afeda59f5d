"""`eegstream health`."""

import json
from typing import TYPE_CHECKING, Any

import click

from eegstream.cli.options import PositiveSeconds, connect_option, keys_option

if TYPE_CHECKING:
    from eegstream.client import State


@click.command("health")
@connect_option
@keys_option
@click.option("--timeout", "timeout_s", type=PositiveSeconds(), default=5.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(url: str, keys: str | None, timeout_s: float, *, as_json: bool) -> None:
    """Wait for a sign of life of a running daemon; the exit code is 0 if it comes, else 1.

    A daemon publishes its own state once a second.
    """
    from eegstream.errors import EegstreamError
    from eegstream.heartbeat import wait_for_life

    life = wait_for_life(url, keys, timeout_s)
    if life.state is not None:
        click.echo(json.dumps(_plain(url, life.state)) if as_json else _line(url, life.state))
        return
    why = "" if life.trouble is None else f" ({life.trouble})"
    message = f"no sign of life from {url} within {timeout_s:g} s{why}"
    if as_json:
        click.echo(json.dumps({"alive": False, "url": url, "why": message}))
    raise EegstreamError(message, "Check that a daemon runs there, and --connect and --keys")


def _plain(url: str, state: "State") -> dict[str, Any]:
    return {
        "alive": True,
        "url": url,
        "run": state.run,
        "received": state.received,
        "encoded": state.encoded,
        "dropped": state.dropped,
        "lag_s": state.lag_s,
        "why": state.why,
    }


def _line(url: str, state: "State") -> str:
    lag = "" if state.lag_s is None else f", lag {state.lag_s * 1000:.0f} ms"
    trouble = "" if state.why is None else f"; {state.why}"
    return (
        f"alive: {url}, run {state.run}, {state.received} samples received, {state.encoded} patches encoded, "
        f"{state.dropped} dropped{lag}{trouble}"
    )
