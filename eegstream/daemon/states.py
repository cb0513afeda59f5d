"""What the daemon tells of its streams and of itself, once a second and when a status changes."""

from collections.abc import Mapping

from eegstream.daemon.past import Counters
from eegstream.daemon.streams import LiveStream
from eegstream.wire.identity import DAEMON
from eegstream.wire.messages import State

_REMEMBER_LOST_S = 600.0


def states(
    streams: Mapping[str, LiveStream], past: Counters, refused: Mapping[str, str], run: str, now_s: float
) -> list[State]:
    """The states of all streams that are open, refused or lately lost, and the daemon's own; all by wire name.

    `past` counts what came of streams that are not told of any more.
    """
    told = [
        stream.state(run, now_s, refused.get(stream.name))
        for stream in streams.values()
        if stream.following is not None or stream.name in refused or now_s - stream.changed_s < _REMEMBER_LOST_S
    ]
    told += [LiveStream(name).state(run, now_s, why) for name, why in refused.items() if name not in streams]
    return [*told, _own_state(streams, past, run, now_s)]


def changed_states(
    streams: Mapping[str, LiveStream], refused: Mapping[str, str], run: str, now_s: float
) -> list[State]:
    """The states of the streams whose status has changed since it was told."""
    return [
        stream.state(run, now_s, refused.get(stream.name))
        for stream in streams.values()
        if stream.has_changed(now_s, refused.get(stream.name))
    ]


def _own_state(streams: Mapping[str, LiveStream], past: Counters, run: str, now_s: float) -> State:
    lags = [stream.age.lag_s for stream in streams.values() if stream.epoch is not None]
    return State(
        stream=DAEMON,
        run=run,
        epoch=0,
        last_seq=None,
        status="live",
        why=None,
        received=past.received + sum(stream.received for stream in streams.values()),
        encoded=past.encoded + sum(stream.encoded for stream in streams.values()),
        lag_s=max((lag_s for lag_s in lags if lag_s is not None), default=None),
        dropped=past.dropped + sum(stream.dropped for stream in streams.values()),
        segment=None,
        t=now_s,
        rate_measured_hz=None,
    )
