"""The codes of a patch do not depend on the company that its batch happens to be."""

from contextlib import ExitStack

import numpy as np
import pytest

from eegstream.client import End
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan, outlet
from tests.faults.expect import codes_heard, codes_of
from tests.identity_bundle import digest

SIX = [
    OutletPlan(
        f"company-{rate}",
        f"company-{rate}",
        rate_hz=float(rate),
        labels=tuple(f"E{n}" for n in range(channels)),
        seconds=8.0,
        speed=4.0,
        seed=rate,
    )
    for rate, channels in ((100, 3), (128, 16), (250, 8), (256, 1), (500, 70), (1000, 2))
]


@pytest.fixture(scope="module")
def six_streams(daemon, recorder):
    """What came of each of six outlets that sent at once, from the first patch to the last."""
    with ExitStack() as stack:
        processes = {plan: stack.enter_context(outlet(plan)) for plan in SIX}
        for plan, process in processes.items():
            stream = recorder.stream_of(plan.name)
            sent = round(plan.seconds * plan.rate_hz)
            recorder.wait(
                lambda item, s=stream, n=sent: item.kind == "state" and (item.stream, item.received) == (s, n)
            )
            process.release()
            recorder.wait(lambda item, s=stream: isinstance(item, End) and item.stream == s)
    return {plan: recorder.of(recorder.stream_of(plan.name)) for plan in SIX}


@pytest.mark.parametrize("plan", SIX, ids=lambda plan: plan.name)
def test_six_streams_at_once_have_the_codes_of_each_alone(six_streams, bundle, plan):
    """Six rates and channel counts share the batches; every bit of every code is that of the stream alone."""
    alone = codes_of(Tokenizer.load(str(bundle), "cpu", sha256=digest(bundle)), plan)
    assert len(alone) > 20
    np.testing.assert_array_equal(codes_heard(six_streams[plan], epoch=0), alone)
