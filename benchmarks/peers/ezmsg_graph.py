"""ezmsg: its LSL inlet and its resampler to 256 Hz, in one process, without any model; `ezmsg-lsl` and `ezmsg-sigproc`.

Its resampler interpolates between neighbours and has no filter, so it waits for no later samples.
"""

import asyncio

import ezmsg.core as ez
import pylsl
from ezmsg.lsl.inlet import LSLInfo
from ezmsg.lsl.units import LSLInletSettings, LSLInletUnit
from ezmsg.sigproc.resample import ResampleSettings, ResampleUnit
from ezmsg.util.messages.axisarray import AxisArray

from benchmarks.peers.answers import STREAM, Answers

MODEL_RATE_HZ = 256.0


class Answering(ez.Unit):
    """Publishes each result."""

    INPUT = ez.InputStream(AxisArray)

    async def initialize(self) -> None:
        """Open the socket in the process that uses it."""
        self.answers = Answers()

    @ez.subscriber(INPUT)
    async def on_message(self, message: AxisArray) -> None:
        """Publish a result."""
        axis = message.axes["time"]
        count = message.data.shape[message.get_axis_idx("time")]
        if count:
            self.answers.send(axis.offset + (count - 1) * axis.gain, message.data.tobytes())
        await asyncio.sleep(0)


class Graph(ez.Collection):
    """Inlet, resampler, publisher."""

    INLET = LSLInletUnit(
        LSLInletSettings(info=LSLInfo(name=STREAM), use_lsl_clock=True, processing_flags=pylsl.proc_none)
    )
    RESAMPLE = ResampleUnit(ResampleSettings(resample_rate=MODEL_RATE_HZ))
    ANSWERING = Answering()

    def network(self) -> ez.NetworkDefinition:
        """Who hears whom."""
        return (
            (self.INLET.OUTPUT_SIGNAL, self.RESAMPLE.INPUT_SIGNAL),
            (self.RESAMPLE.OUTPUT_SIGNAL, self.ANSWERING.INPUT),
        )


if __name__ == "__main__":
    ez.run(GRAPH=Graph())
