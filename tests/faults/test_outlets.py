"""What outlets do to a daemon: die, return, change, freeze, skip, and be of no use."""

import dataclasses
import json
import signal
import time

import numpy as np
import pytest

from eegstream.client import Codes, End, Gap, Spec
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan, command, outlet
from tests.faults.expect import PATCH, codes_heard, codes_of, covered
from tests.faults.machine import Machine
from tests.identity_bundle import digest

PATCH_S = PATCH / 256


@pytest.fixture(scope="module")
def tokenizer(bundle):
    """The daemon's bundle, for arrays."""
    return Tokenizer.load(str(bundle), "cpu", sha256=digest(bundle))


def is_codes(stream, epoch, segment=0, at_least=0):
    """A predicate: codes of this place, of patch `at_least` or later."""

    def wanted(item):
        here = isinstance(item, Codes) and (item.stream, item.epoch, item.segment) == (stream, epoch, segment)
        return here and item.first >= at_least

    return wanted


def is_spec(name, epoch):
    """A predicate: the spec of this epoch of the outlet of that name."""
    return lambda item: isinstance(item, Spec) and (item.source.name, item.epoch) == (name, epoch)


def is_end(stream, epoch):
    """A predicate: the end of this epoch."""
    return lambda item: isinstance(item, End) and (item.stream, item.epoch) == (stream, epoch)


def is_state(stream, status):
    """A predicate: the stream fares so."""
    return lambda item: item.kind == "state" and (item.stream, item.status) == (stream, status)


def let_finish(recorder, process, stream, received):
    """Let an outlet leave when the daemon has all its samples: liblsl drops what is under way when an outlet closes."""
    recorder.wait(lambda item: item.kind == "state" and (item.stream, item.received) == (stream, received))
    process.release()


def check_ledger(account, rate_hz):
    """Every received sample lies in an emitted patch's own span or is said to be discarded."""
    assert account.discarded == account.received - covered(account.emitted, rate_hz)


def test_an_outlet_killed_three_times_returns_as_new_epochs(recorder, tokenizer):
    """Codes resume within 2 s plus one patch of the return; each epoch is that life's own samples and no others."""
    plan = OutletPlan("phoenix", "phoenix-1", rate_hz=250.0, seconds=60.0)
    resumed_s = []
    with Machine() as machine:
        for epoch, (pause_s, last_patch) in enumerate([(0.0, 0), (1.2, 2), (2.5, 1), (0.0, 0)]):
            life = dataclasses.replace(plan, seed=epoch)
            with outlet(life) as process:
                up_s = time.monotonic()
                stream = recorder.stream_of(plan.name)
                came_s, _ = recorder.wait_timed(is_codes(stream, epoch))
                resumed_s.append(came_s - up_s)
                recorder.wait(is_codes(stream, epoch, at_least=last_patch))
                process.kill()
            end = recorder.wait(is_end(stream, epoch))
            assert (end.reason, end.segment) == ("gone", 0)
            check_ledger(end, plan.rate_hz)
            heard = codes_heard(recorder.of(stream), epoch)
            assert len(heard) == end.emitted
            np.testing.assert_array_equal(heard, codes_of(tokenizer, life, stop=end.received))
            time.sleep(pause_s)
    assert max(resumed_s[1:]) <= 2.0 + PATCH_S + 3 * machine.pause_s, resumed_s
    lost = recorder.wait(is_state(stream, "lost"), since=len(recorder.items))
    ends = [item for item in recorder.of(stream) if isinstance(item, End)]
    assert lost.received == sum(end.received for end in ends)
    assert lost.encoded == sum(end.emitted for end in ends) * len(plan.labels)
    assert f"{stream}-2" not in {item.stream for item in recorder.items}


def test_an_outlet_returns_with_another_geometry(recorder, tokenizer):
    """Channels and rate of a new life hold for its epoch alone; one of no use is refused, the next is taken again."""
    first = OutletPlan("chameleon", "chameleon-1", rate_hz=250.0, seconds=2.0, speed=4.0)
    lives = [
        first,
        dataclasses.replace(first, rate_hz=500.0, labels=("O1", "O2", "Oz", "Pz", "ECG"), channel_type="", seed=1),
        dataclasses.replace(first, format="string", seconds=0.0),
        dataclasses.replace(first, format="int16", rate_hz=128.0, seed=2),
    ]
    epoch, received, stream = 0, 0, ""
    for life in lives:
        with outlet(life) as process:
            if life.format == "string":
                refused = recorder.wait(is_state(stream, "refused"))
                assert "string" in refused.why
                continue
            spec = recorder.wait(is_spec(life.name, epoch))
            stream = spec.stream
            received += round(life.seconds * life.rate_hz)
            let_finish(recorder, process, stream, received)
            end = recorder.wait(is_end(stream, epoch))
        kept = tuple(label for label in life.labels if label != "ECG")
        assert (spec.rate_hz, spec.channels, spec.source.format) == (life.rate_hz, kept, life.format)
        assert end.received == round(life.seconds * life.rate_hz)
        check_ledger(end, life.rate_hz)
        if life.format == "float32":
            expected = codes_of(tokenizer, life)[:, : len(kept)]
            np.testing.assert_array_equal(codes_heard(recorder.of(stream), epoch), expected)
        epoch += 1


def test_a_hole_in_the_timestamps_is_a_gap_with_its_length(recorder, tokenizer):
    """The missing samples are counted, no patch spans the hole, and what follows starts afresh."""
    plan = OutletPlan("holey", "holey-1", rate_hz=250.0, seconds=6.0, speed=3.0, holes=((517, 37), (1001, 4)))
    with outlet(plan) as process:
        stream = recorder.stream_of(plan.name)
        let_finish(recorder, process, stream, 1500)
        end = recorder.wait(is_end(stream, 0))
    gaps = [item for item in recorder.of(stream) if isinstance(item, Gap)]
    assert [(gap.reason, gap.missing, gap.received) for gap in gaps] == [("missing", 37, 517), ("missing", 4, 484)]
    assert [gap.t_to - gap.t_from for gap in gaps] == pytest.approx([37 / 250, 4 / 250], abs=1e-4)
    assert end.received == 499
    for segment, (account, start, stop) in enumerate(zip([*gaps, end], [0, 517, 1001], [517, 1001, 1500], strict=True)):
        check_ledger(account, plan.rate_hz)
        expected = codes_of(tokenizer, plan, start, stop)
        np.testing.assert_array_equal(codes_heard(recorder.of(stream), 0, segment), expected)


def test_two_outlets_with_one_source_id_are_two_streams(recorder, tokenizer):
    """The later one gets `-2`; neither disturbs the other."""
    plan = OutletPlan("twin", "twin-1", seconds=100.0)
    other = dataclasses.replace(plan, seed=1)
    with outlet(plan) as first:
        name = recorder.stream_of(plan.name)
        with outlet(other) as second:
            recorder.wait(is_codes(f"{name}-2", 0, at_least=4))
            for process, stream, life in ((first, name, plan), (second, f"{name}-2", other)):
                sent = process.enough()
                let_finish(recorder, process, stream, sent)
                end = recorder.wait(is_end(stream, 0))
                assert end.received == sent
                np.testing.assert_array_equal(codes_heard(recorder.of(stream), 0), codes_of(tokenizer, life, stop=sent))


def test_a_frozen_outlet_is_stalled_and_then_goes_on(recorder, tokenizer):
    """Silence changes `state` only: the timestamps decide, and they have no hole."""
    plan = OutletPlan("sleeper", "sleeper-1", seconds=3.0)
    with outlet(plan) as process:
        stream = recorder.stream_of(plan.name)
        recorder.wait(is_codes(stream, 0))
        process.send(signal.SIGSTOP)
        stalled = recorder.wait(is_state(stream, "stalled"))
        assert "no samples" in stalled.why
        process.send(signal.SIGCONT)
        let_finish(recorder, process, stream, 768)
        end = recorder.wait(is_end(stream, 0))
    assert end.received == 768
    np.testing.assert_array_equal(codes_heard(recorder.of(stream), 0), codes_of(tokenizer, plan))


def test_an_outlet_that_vanished_without_a_word_is_replaced(recorder):
    """A new life of the device takes the name once the resolver has forgotten the silent one."""
    plan = OutletPlan("ghost", "ghost-1", seconds=30.0)
    with outlet(plan) as silent:
        stream = recorder.stream_of(plan.name)
        recorder.wait(is_codes(stream, 0))
        silent.send(signal.SIGSTOP)
        recorder.wait(is_state(stream, "stalled"))
        with outlet(dataclasses.replace(plan, seed=1)):
            end = recorder.wait(is_end(stream, 0))
            assert end.reason == "replaced"
            check_ledger(end, plan.rate_hz)
            recorder.wait(is_codes(stream, 1))
    assert f"{stream}-2" not in {item.stream for item in recorder.items}


USELESS = {
    "text": (OutletPlan("text", "text-1", format="string"), "format is text"),
    "irregular": (OutletPlan("irregular", "irregular-1", rate_hz=0.0), "irregular"),
    "absurd": (OutletPlan("absurd", "absurd-1", rate_hz=1e6), "1e+06 Hz"),
    "heart": (OutletPlan("heart", "heart-1", channel_type="ECG", seconds=30.0), "channels is EEG"),
}


def test_streams_of_no_use_are_refused_and_others_go_on(recorder):
    """Each is named in `state` and by `eegstream streams --json` with a reason; a good one beside them has codes."""
    processes = [outlet(plan) for plan, _ in USELESS.values()]
    good = OutletPlan("good", "good-1", seconds=30.0)
    processes.append(outlet(good))
    try:
        refused = {
            name: recorder.wait(lambda item, name=name: item.kind == "state" and item.stream.startswith(f"{name}-"))
            for name in USELESS
        }
        for name, (_, reason) in USELESS.items():
            assert refused[name].status == "refused"
            assert reason in refused[name].why
        recorder.wait(is_codes(recorder.stream_of(good.name), 0))
        listed = {entry["name"]: entry for entry in json.loads(command("streams", "--json").stdout)}
        assert listed["good"]["taken"]
        for name, (_, reason) in USELESS.items():
            assert not listed[name]["taken"]
            assert reason in listed[name]["why"]
    finally:
        for process in processes:
            process.__exit__(None, None, None)
