"""How long this machine lets a process wait that has work to do: what a bound on time may be exceeded by."""

import subprocess
import sys

_PROGRAM = """
import sys, threading, time
stop, longest_s = threading.Event(), 0.0
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
while not stop.is_set():
    began_s = time.monotonic()
    worked_s = time.thread_time() + 0.01
    while time.thread_time() < worked_s:
        pass
    time.sleep(0.09)
    longest_s = max(longest_s, time.monotonic() - began_s - 0.1)
print(longest_s)
"""


class Machine:
    """A process apart that works 10 ms of each 100; `pause_s` is its longest delay, once the context has ended."""

    def __enter__(self) -> "Machine":
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.pause_s = float(self._process.communicate(timeout=60)[0])
