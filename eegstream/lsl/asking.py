"""The process that asks outlets for their descriptions, so that none of them can use up the daemon's memory or time.

It reads a question a line from its standard input and writes an answer a line, both JSON, until the input ends. It ends
by itself when a question takes too long or too much memory; `lsl.prober` starts another. An answer says `spent` if the
process has grown or has ended, and is not to be asked again.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import astuple
from typing import Any

import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from eegstream.lsl.description import OversizedError, channel_texts
from eegstream.lsl.memory import limit, resident_mib

SEARCH_S = 2.0
ANSWER_S = 3.0
MOST_MIB = 64
"""How much the process may grow while an outlet describes itself."""
_WATCH_S, _LOOK_S = 0.02, 0.002
_SPARE_MIB = 256
"""Addresses that the system grants, should the watch come late: threads reserve many and use few."""


class Watch:
    """End the process when the question at hand exceeds its time or memory.

    liblsl cannot be told to stop; only the end of the process frees what it holds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun_mib = resident_mib()
        self._end_s: float | None = None
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    def begin(self) -> None:
        """A question begins."""
        limit(_SPARE_MIB, SEARCH_S + ANSWER_S + 1)
        with self._lock:
            self._end_s = time.monotonic() + SEARCH_S + ANSWER_S + 0.5

    def answer(self, answer: dict[str, Any]) -> None:
        """Write the answer; if the watch has written one, the process has ended."""
        with self._lock:
            self._end_s = None
            write(answer | {"spent": resident_mib() - self._begun_mib > MOST_MIB / 2})

    def _look(self) -> None:
        while True:
            time.sleep(_WATCH_S)
            with self._lock:
                why = None if self._end_s is None else self._excess(self._end_s)
                if why is not None:
                    write({"why": why, "spent": True})
                    os._exit(1)

    def _excess(self, end_s: float) -> str | None:
        if time.monotonic() > end_s:
            return f"its description could not be read within {ANSWER_S:g} s"
        if resident_mib() - self._begun_mib > MOST_MIB:
            return f"its description takes more than {MOST_MIB} MiB of memory"
        return None


def main() -> None:
    """Answer until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pylsl.local_clock()
    watch = Watch()
    write({"ready": True})
    for line in sys.stdin:
        watch.begin()
        watch.answer(ask(**json.loads(line)))


def write(answer: dict[str, Any]) -> None:
    """One line to the daemon; one call, so that lines are whole."""
    os.write(1, json.dumps(answer).encode() + b"\n")


def ask(uid: str, n_channels: int) -> dict[str, Any]:
    """The texts of an outlet's channels; or why there are none, and whether that is `final`."""
    try:
        info = _found(uid)
        if info is None:
            return {"why": f"it did not answer a search for it within {SEARCH_S:g} s"}
        inlet = pylsl.StreamInlet(info, max_buflen=1, recover=False, processing_flags=0)
        texts = channel_texts(inlet.info(ANSWER_S), n_channels)
    except OversizedError as error:
        return {"why": str(error), "final": True}
    except LslTimeoutError:
        return {"why": f"it did not describe itself within {ANSWER_S:g} s"}
    except LostError:
        return {"why": "it closed the connection instead of describing itself"}
    except (RuntimeError, ValueError, MemoryError) as error:
        return {"why": f"its description cannot be read ({type(error).__name__}: {error})"[:300]}
    return {"texts": [astuple(text) for text in texts]}


def _found(uid: str) -> Any:
    """liblsl's handle of an outlet; None if it is not found in time.

    A hostile outlet answers searches for others. liblsl's plain search ends with the first answer, this one does not.
    """
    resolver = pylsl.ContinuousResolver(pred=f"uid='{uid}'", forget_after=2 * SEARCH_S)
    end_s = time.monotonic() + SEARCH_S
    while time.monotonic() < end_s:
        for info in resolver.results():
            if info.uid() == uid:
                return info
        time.sleep(_LOOK_S)
    return None
