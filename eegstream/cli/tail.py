"""`eegstream tail`."""

import json
from typing import Any

import click

from eegstream.cli.options import connect_option, keys_option

_PATIENCE_S = 3.0


@click.command("tail")
@connect_option
@keys_option
@click.option("--stream", help="Only this stream.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(url: str, keys: str | None, stream: str | None, *, as_json: bool) -> None:
    """Print what a running daemon publishes, message by message, until Ctrl-C."""
    from eegstream.client import Damaged, Loss, Message, Subscriber

    def show(item: Message | Loss | Damaged) -> None:
        click.echo(json.dumps(as_plain(item)) if as_json else as_line(item))

    with Subscriber(url, stream, keys) as subscriber:
        first = subscriber.receive(_PATIENCE_S)
        if first is None:
            click.echo(no_message(url, _PATIENCE_S, subscriber.trouble), err=True)
        else:
            show(first)
        for item in subscriber:
            show(item)


def no_message(url: str, patience_s: float, trouble: str | None) -> str:
    """The line that says that nothing comes, and why, if that is known."""
    why = "" if trouble is None else f" ({trouble})"
    return f"no message from {url} for {patience_s:g} s{why}; still listening"


def as_plain(item: Any) -> dict[str, Any]:
    """What JSON can hold: codes and flags become nested lists."""
    from eegstream.client import Codes, Damaged, Loss

    if isinstance(item, Damaged):
        return {"kind": "damaged", "stream": item.stream, "why": item.why, "count": item.count}
    if isinstance(item, Loss):
        return {
            "kind": "loss",
            "stream": item.stream,
            "run": item.run,
            "first_seq": item.first_seq,
            "count": item.count,
        }
    plain: dict[str, Any] = item.model_dump()
    if isinstance(item, Codes):
        plain |= {"codes": item.array.tolist(), "flags": item.flag_array.tolist()}
    return plain


def damaged_line(damaged: Any) -> str:
    """One line about messages that cannot be read."""
    return f"{damaged.stream or '?'}  DAMAGED {damaged.count} messages, the last one: {damaged.why}"


def loss_line(loss: Any) -> str:
    """One line about messages that did not come."""
    return f"{loss.stream}  LOST {loss.count} messages from seq {loss.first_seq} on"


def as_line(item: Any) -> str:
    """One line for a person."""
    from eegstream.client import Codes, Damaged, Event, Gap, Loss, Spec, State
    from eegstream.dsp.montage import printable

    if isinstance(item, Damaged | Loss):
        return loss_line(item) if isinstance(item, Loss) else damaged_line(item)
    head = f"{item.stream}  {item.kind:5}"
    if isinstance(item, State):
        lag = "" if item.lag_s is None else f"  lag {item.lag_s * 1000:.1f} ms"
        return f"{head}  {item.status}{f': {item.why}' if item.why else ''}  {item.received} samples{lag}"
    head = f"{head} #{item.seq}"
    if isinstance(item, Spec):
        model = f"{item.model.name}@{item.model.version}"
        return f"{head}  epoch {item.epoch}: {len(item.channels)} channels at {item.rate_hz:g} Hz by {model}"
    if isinstance(item, Codes):
        first = " ".join(f"{code:5d}" for code in item.array[0, 0]) if item.array.size else ""
        flagged = int((item.flag_array > 0).sum())
        return f"{head}  {item.segment}:{item.first}  t {item.t[0]:.3f}  {item.shape[1]} channels, first: {first}" + (
            f"  {flagged} flagged" if flagged else ""
        )
    if isinstance(item, Event):
        value = "" if item.value is None else f"  value {item.value:g}"
        return f"{head}  t {item.t:.3f}  {printable(item.label)}{value}" + (
            "" if item.duration is None else f"  for {item.duration:g} s"
        )
    unknown = "an unknown number" if isinstance(item, Gap) else 0
    missing = unknown if item.missing is None else item.missing
    return (
        f"{head}  {item.reason}: segment {item.segment}, {item.received} samples received, {item.discarded} discarded, "
        f"{missing} missing, {item.emitted} patches"
    )
