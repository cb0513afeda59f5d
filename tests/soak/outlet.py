"""An outlet of a soak, in a process of its own, written against pylsl alone.

    python -m tests.soak.outlet '{"name": ..., }'        with source_id, rate_hz, channels, life and file

It says `up UID`, sends once somebody listens, and does what the lines of its standard input say, a word and a number:
`hole N` (N samples are not sent, stamps go on), `step S` (its clock is set), `nan N`, `huge N`, `stamps N` (N samples
that are not finite, 3e38, or without a finite timestamp), `leave 0`. `file` holds two counts of 64 bits: samples that
may be sent by now, and those that are sent. The file with the
suffix `.holes` has a line for each hole: the number of the sample behind it, and its length.
"""

import json
import os
import queue
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pylsl

from tests.soak.content import values

TICK_S = 0.05
FAREWELL_S = 2.5
"""LSL has no closing message: what is under way needs a moment."""


class Sender:
    """Sends in time what is due."""

    def __init__(self, plan: dict) -> None:
        self.plan, self.rate_hz = plan, plan["rate_hz"]
        self.info = pylsl.StreamInfo(plan["name"], "EEG", plan["channels"], self.rate_hz, "float32", plan["source_id"])
        channels = self.info.desc().append_child("channels")
        for number in range(plan["channels"]):
            channel = channels.append_child("channel")
            for key, value in (("label", f"E{number}"), ("unit", "microvolts"), ("type", "EEG")):
                channel.append_child_value(key, value)
        self.outlet = pylsl.StreamOutlet(self.info)
        self.count = self.place = 0
        self.start_s = self.offset_s = 0.0
        self.spoil = {"nan": 0, "huge": 0, "stamps": 0}
        self.file = os.open(plan["file"], os.O_CREAT | os.O_WRONLY, 0o600)
        self.tell(0, 0)

    def tell(self, promised: int, sent: int) -> None:
        """Write both counts."""
        os.pwrite(self.file, struct.pack("<qq", promised, sent), 0)

    def send_due(self) -> None:
        """Send what is due by now."""
        due = int((pylsl.local_clock() - self.start_s) * self.rate_hz) - self.place
        if due <= 0:
            return
        self.tell(self.count + due, self.count)
        x = values(self.count, due, self.plan["channels"], self.plan["life"])
        stamps_s = self.start_s + self.offset_s + np.arange(self.place, self.place + due) / self.rate_hz
        x[: self.taken("nan", due), slice(3, 4) if self.count % 2 else slice(None)] = np.nan
        x[: self.taken("huge", due), 3] = 3e38
        stamps_s[: self.taken("stamps", due)] = np.nan
        self.outlet.push_chunk(np.ascontiguousarray(x), stamps_s.tolist())
        self.count, self.place = self.count + due, self.place + due
        self.tell(self.count, self.count)

    def taken(self, what: str, due: int) -> int:
        """How many of the samples that are due are to be spoilt so."""
        count = min(due, self.spoil[what])
        self.spoil[what] -= count
        return count

    def obey(self, word: str, number: float) -> None:
        """Do what a line says."""
        if word == "hole":
            self.place += int(number)
            with Path(self.plan["file"]).with_suffix(".holes").open("a", encoding="ascii") as file:
                file.write(f"{self.count} {int(number)}\n")
        elif word == "step":
            self.offset_s += number
        else:
            self.spoil[word] += int(number)


def listen(lines: "queue.Queue[str]") -> None:
    """Pass the lines on; when the other side is gone, leave."""
    for line in sys.stdin:
        lines.put(line)
    lines.put("leave 0")


def main() -> None:
    sender = Sender(json.loads(sys.argv[1]))
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=listen, args=(lines,), daemon=True).start()
    print("up", sender.outlet.get_info().uid(), flush=True)  # noqa: T201
    while not sender.outlet.wait_for_consumers(0.2):
        pass
    sender.start_s = pylsl.local_clock()
    while True:
        sender.send_due()
        while not lines.empty():
            word, number = lines.get().split()
            if word == "leave":
                print("left", sender.count, flush=True)  # noqa: T201
                time.sleep(FAREWELL_S)
                return
            sender.obey(word, float(number))
        time.sleep(TICK_S)


if __name__ == "__main__":
    main()
