"""The lines that `eegstream bench` prints for people."""

import click

from eegstream.bench.capacity import why_not_carried
from eegstream.bench.encoder import Encoding
from eegstream.bench.live import LiveResult
from eegstream.bench.machine import Machine
from eegstream.bench.programs import Program
from eegstream.bench.spread import Spread


class Shown:
    """Prints each result once, under a heading for each kind, and gives it back; nothing if `quiet`."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._heading = ""

    def machine(self, machine: Machine) -> Machine:
        """The machine and its noise."""
        self._under("machine", f"{machine.system}, {machine.processor}, {machine.cores} cores")
        self._say(f"  load {machine.load:.2f}; a thread that sleeps 2 ms wakes late by {_spread(machine.late)}")
        return machine

    def program(self, program: Program) -> Program:
        """A program that ran to its end."""
        self._under("program", f"{'program':32} {'s':>8} {'CPU s':>8} {'MB':>8}   (medians; MB at its peak)")
        numbers = f"{program.seconds:8.2f} {program.processor_s:8.2f} {program.peak_memory_mb:8.0f}"
        self._say(f"  {program.what:30} {numbers}")
        return program

    def encoding(self, encoding: Encoding) -> Encoding:
        """Calls of the encoder."""
        self._under("encoder", "encoder alone")
        call = f"{encoding.patches:5} patches on {encoding.device}: {_spread(encoding.call)}"
        self._say(f"  {call}, {encoding.per_patch_us:.1f} us a patch")
        return encoding

    def live(self, result: LiveResult) -> LiveResult:
        """A daemon under load."""
        self._under("live", "last needed sample to codes, through LSL, daemon and ZeroMQ")
        load, daemon = result.load, result.daemon
        sent = f"{load.streams} x {load.channels} channels at {load.rate_hz} Hz in chunks of {load.chunk}"
        self._say(f"  {sent}, {load.seconds} s: {_spread(result.added)}")
        verdict = why_not_carried(result)
        state = "all carried" if verdict is None else f"NOT carried: {verdict}"
        self._say(f"    {result.patches} patches, {daemon.cores:.2f} cores, {daemon.memory_mb:.0f} MB; {state}")
        return result

    def _under(self, heading: str, text: str) -> None:
        if heading != self._heading:
            self._heading = heading
            self._say(text)

    def _say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text)


def _spread(spread: Spread) -> str:
    return f"median {spread.median_ms:.2f} ms, 99 % {spread.p99_ms:.2f} ms, longest {spread.longest_ms:.1f} ms"
