"""Which outlets get a reader, and when: driven by made-up announcements and a made-up clock."""

import logging
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from eegstream.config import RunConfig
from eegstream.daemon.supervisor import Supervisor
from eegstream.logs import log_to_stderr, tell_held_back
from eegstream.lsl.discovery import Announcement
from eegstream.wire.reasons import EndReason

MUSE = Announcement("Muse", "EEG", "muse-1", "uid-1", "lab", "s", "float32", 4, 256.0, 100.0, None)
NAME = "muse-"


@dataclass
class FakeReader:
    """A reader that does what the test says."""

    stream: Announcement
    wire_name: str
    last_samples_s: float
    opened: bool = True
    refusal: str | None = None
    why: str | None = None
    alive: bool = True
    started: int = 0
    stopped: list[EndReason] = field(default_factory=list)
    hangs: bool = False
    pulled_s: float = 0.0
    abandoned: str | None = None

    def start(self) -> None:
        self.started += 1

    def stop(self, reason: EndReason) -> None:
        self.stopped.append(reason)

    def join(self, timeout_s: float) -> bool:
        return not self.hangs

    def abandon(self, why: str) -> None:
        self.abandoned, self.alive = why, False


class World:
    """What is announced, the time, and the readers that were made."""

    def __init__(self, **settings: object) -> None:
        self.now_s = 0.0
        self.announced = [MUSE]
        self.answering = True
        self.readers: list[FakeReader] = []
        config = RunConfig.model_validate(settings)
        self.supervisor = Supervisor(self, config, self._make_reader, config.max_streams, lambda: self.now_s)

    def announcements(self) -> list[Announcement]:
        return sorted(self.announced, key=lambda stream: stream.created_s)

    def _make_reader(self, stream: Announcement, name: str) -> FakeReader:
        self.readers.append(FakeReader(stream, name, self.now_s, opened=self.answering))
        return self.readers[-1]

    def look(self, seconds: float = 0.0, *, sending: bool = True) -> None:
        """Let time pass in steps; readers that live get samples meanwhile, unless told otherwise."""
        for _ in range(max(1, round(seconds / 0.1))):
            self.now_s += 0.1 if seconds else 0.0
            for reader in self.readers:
                if not reader.hangs:
                    reader.pulled_s = self.now_s
                if reader.alive and sending:
                    reader.last_samples_s = self.now_s
            self.supervisor.update()


def test_a_wanted_outlet_gets_one_reader():
    """However often one looks."""
    world = World()
    world.look(5.0)
    (reader,) = world.readers
    assert reader.started == 1
    assert reader.wire_name.startswith(NAME)
    assert world.supervisor.refused == {}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"format": "string"}, "its format is text"),
        ({"rate_hz": 0.0}, "its rate is irregular"),
        ({"rate_hz": 1e6}, "its rate is 1e+06 Hz"),
        ({"n_channels": 5000}, "it has 5000 channels"),
        ({"name": "x" * 300}, "its name has 300 characters"),
        ({"type": "EEG" * 100, "name": "Muse"}, "its type has 300 characters"),
        ({"source_id": "x" * 60_000}, "its source_id has 60000 characters"),
        ({"hostname": "x" * 300}, "its hostname has 300 characters"),
        ({"uid": "x' or '1'='1"}, "its uid is not"),
        ({"n_channels": 1024, "rate_hz": 50_000.0}, "its samples take 195 MiB a second"),
        ({"protocol": 100}, "LSL's protocol 1.00, expected 1.10"),
    ],
)
def test_an_outlet_of_no_use_is_told_and_never_opened(changed, why):
    """Its announcement is enough."""
    world = World(select="")
    world.announced = [replace(MUSE, **changed)]
    world.look(2.0)
    assert world.readers == []
    (told,) = world.supervisor.refused.values()
    assert why in told


def test_an_outlet_that_nobody_wants_is_not_told():
    """`select` decides."""
    world = World(select="name=other")
    world.look(2.0)
    assert (world.readers, world.supervisor.refused) == ([], {})


def test_an_irregular_outlet_is_taken_at_the_users_rate():
    """With --rate it has one."""
    world = World(rate=250)
    world.announced = [replace(MUSE, rate_hz=0.0)]
    world.look()
    assert len(world.readers) == 1


def test_a_stream_that_its_description_rules_out_is_not_opened_again():
    """Not until another outlet comes in its place."""
    world = World()
    world.look()
    world.readers[0].alive, world.readers[0].refusal = False, "none of the 4 channels is EEG"
    world.look(60.0)
    assert len(world.readers) == 1
    assert list(world.supervisor.refused.values()) == ["none of the 4 channels is EEG"]
    world.announced = [replace(MUSE, uid="uid-2", created_s=200.0)]
    world.look(1.0)
    assert len(world.readers) == 2
    assert world.supervisor.refused == {}


def test_a_lost_outlet_that_is_still_announced_is_tried_again_less_and_less():
    """After 1 s, then 2 s, at most each 30 s."""
    world = World()
    made = []
    for _ in range(2000):
        world.look(0.1)
        if len(world.readers) > len(made):
            made.append(world.now_s)
        world.readers[-1].alive = False
    waits = [after - before for before, after in pairwise(made)]
    assert waits[:3] == pytest.approx([1.0, 2.0, 4.0], abs=0.3)
    assert waits[-1] == pytest.approx(30.0, abs=0.5)


def test_an_outlet_that_returns_replaces_the_one_that_went_without_a_word():
    """The dead one is stopped when the resolver has forgotten it; the new one takes its name."""
    world = World()
    world.look(1.0)
    returned = replace(MUSE, uid="uid-2", created_s=200.0)
    world.announced = [MUSE, returned]
    world.look(2.0, sending=False)
    assert len(world.readers) == 1
    world.announced = [returned]
    world.look(0.1, sending=False)
    assert world.readers[0].stopped == ["replaced"]
    world.readers[0].alive = False
    world.look(0.1)
    assert [reader.wire_name for reader in world.readers] == [world.readers[0].wire_name] * 2


def test_two_live_outlets_of_one_id_are_two_streams():
    """The later one gets -2."""
    world = World()
    world.look(1.0)
    world.announced = [MUSE, replace(MUSE, uid="uid-2", created_s=200.0)]
    world.look(3.0)
    first, second = world.readers
    assert second.wire_name == f"{first.wire_name}-2"


def test_more_streams_than_allowed_are_refused_until_one_leaves():
    """The reason names the setting."""
    world = World(**{"max-streams": 1})
    other = replace(MUSE, name="Other", source_id="other-1", uid="uid-2", created_s=200.0)
    world.announced = [MUSE, other]
    world.look(1.0)
    assert len(world.readers) == 1
    assert "max-streams" in next(iter(world.supervisor.refused.values()))
    world.readers[0].alive = False
    world.announced = [other]
    world.look(1.0)
    assert [reader.stream.name for reader in world.readers] == ["Muse", "Other"]


def test_closing_stops_every_reader_and_leaves_a_hung_one_behind():
    """Nothing waits for ever."""
    world = World()
    world.look()
    world.readers[0].hangs = True
    world.supervisor.close()
    assert world.readers[0].stopped == ["shutdown"]


def fail(reader: FakeReader, why: str = "it did not describe itself within 3 s") -> None:
    """An outlet that never answered."""
    reader.opened, reader.alive, reader.why = False, False, why


def test_an_outlet_that_never_answered_is_told_until_it_answers():
    """While it waits, and while it is tried again."""
    world = World()
    world.look()
    name = world.readers[0].wire_name
    fail(world.readers[0])
    world.look(0.5)
    assert world.supervisor.refused == {name: "it did not describe itself within 3 s"}
    world.look(1.0)
    world.readers[1].opened = False
    world.look()
    assert world.supervisor.refused == {name: "it did not describe itself within 3 s"}
    world.readers[1].opened = True
    world.look()
    assert world.supervisor.refused == {}


def test_an_outlet_that_never_answered_is_forgotten_when_it_leaves():
    """So is the time that it had to wait."""
    world = World()
    for _ in range(100):
        world.look(1.0)
        fail(world.readers[-1])
    world.announced = []
    world.look()
    assert world.supervisor.refused == {}
    made = len(world.readers)
    world.announced = [MUSE]
    world.look()
    assert len(world.readers) == made + 1


def test_an_outlet_that_was_read_and_is_gone_is_not_refused():
    """It is lost; the resolver still announces it for a while, and nobody answers."""
    world = World()
    world.look()
    world.readers[0].alive, world.readers[0].why = False, "the outlet closed its connection"
    world.look(1.5)
    fail(world.readers[1], "it closed the connection instead of describing itself")
    world.look(1.0)
    assert world.supervisor.refused == {}


def test_outlets_that_never_answer_do_not_keep_a_new_one_waiting():
    """Of those that failed, few are tried at a time, and they come after the others."""
    world = World(**{"max-streams": 8})
    world.answering = False
    world.announced = [replace(MUSE, source_id=f"mute-{n}", uid=f"mute-{n}", created_s=n) for n in range(40)]
    for _ in range(60):
        world.look(1.0)
        for reader in world.readers:
            fail(reader)
    assert {reader.stream.uid for reader in world.readers} == {stream.uid for stream in world.announced}
    world.look(40.0)
    assert sum(reader.alive for reader in world.readers) == 4
    world.announced.append(replace(MUSE, source_id="new", uid="new", created_s=1e9))
    world.look()
    assert world.readers[-1].stream.uid == "new"
    assert all("max-streams" not in why for why in world.supervisor.refused.values())


def test_ids_that_change_each_time_leave_nothing_behind():
    """After thousands of them the supervisor knows no more than the one that is there."""
    world = World()
    for number in range(3000):
        world.announced = [replace(MUSE, source_id=f"id-{number}", uid=f"uid-{number}", created_s=number)]
        world.look()
        fail(world.readers[-1])
        world.look()
    supervisor = world.supervisor
    known = (supervisor._readers, supervisor._started_s, supervisor._seen_s, supervisor.refused)
    assert max(map(len, known)) <= 1
    assert len(supervisor._failures._by_uid) <= 1


def test_refusals_are_logged_once_and_not_without_end(capsys, monkeypatch):
    """A minute of ever new ids gives some dozens of lines; an outlet that is refused for hours gives one."""
    package = logging.getLogger("eegstream")
    for name in ("handlers", "propagate", "level"):
        monkeypatch.setattr(package, name, getattr(package, name))  # put back afterwards
    log_to_stderr(form="text")
    world = World()
    world.announced = [replace(MUSE, format="string")]
    world.look(3600.0)
    (line,) = capsys.readouterr().err.splitlines()
    assert "refused: its format is" in line
    for number in range(500):
        world.announced = [replace(MUSE, format="string", source_id=f"id-{number}", uid=f"uid-{number}")]
        world.look(0.1)
    assert len(capsys.readouterr().err.splitlines()) == 29
    tell_held_back(at_end=True)
    assert "... and 471 more in 60 s like: " in capsys.readouterr().err
    assert world.supervisor.refusals == 501


def test_no_more_refusals_are_told_than_subscribers_can_take():
    """Each costs every subscriber a message a second."""
    world = World()
    world.announced = [
        replace(MUSE, format="string", source_id=f"id-{n}", uid=f"uid-{n}", created_s=n) for n in range(1000)
    ]
    world.look()
    assert len(world.supervisor.refused) == 100


def test_a_new_outlet_takes_the_last_place_before_one_that_failed():
    """Even if it was announced later."""
    world = World(**{"max-streams": 1})
    world.look()
    fail(world.readers[0])
    world.look()
    world.now_s += 5.0
    world.announced.append(replace(MUSE, source_id="new", uid="new", created_s=1e9))
    world.look()
    assert world.readers[-1].stream.uid == "new"


def test_an_outlet_that_returns_does_not_wait_for_another_try_of_its_former_life():
    """The resolver announces the dead one for some more seconds, and asking it takes as long as asking a mute one."""
    world = World()
    world.look()
    world.answering = False
    world.readers[0].alive = False
    world.look(1.2)
    assert len(world.readers) == 2
    world.announced = [MUSE, replace(MUSE, uid="uid-2", created_s=200.0)]
    world.look(0.1)
    assert world.readers[1].stopped == ["replaced"]
    world.readers[1].alive = False
    world.look(0.1)
    assert (world.readers[2].stream.uid, world.readers[2].wire_name) == ("uid-2", world.readers[0].wire_name)


def test_a_reader_that_hangs_is_abandoned_and_its_outlet_tried_again():
    """Its stream ends with a reason; the supervisor moves as long as another reader does."""
    world = World()
    other = replace(MUSE, uid="uid-2", source_id="muse-2")
    world.announced = [MUSE, other]
    world.look(1.0)
    hung, moving = world.readers
    hung.hangs = True
    world.look(4.0)
    assert hung.abandoned is None
    world.look(2.0)
    assert "did not come back from liblsl" in hung.abandoned
    assert world.supervisor.is_moving
    for _ in range(400):
        for reader in world.readers:
            reader.hangs = True
        world.look(0.1)
    assert moving.abandoned is not None
    assert not world.supervisor.is_moving
    world.supervisor.close()


def test_a_daemon_that_did_not_run_blames_no_reader():
    """After a suspended night, readers have time to come back before they count as stuck."""
    world = World()
    world.look(1.0)
    (reader,) = world.readers
    world.now_s += 3600.0
    world.supervisor.update()
    assert reader.abandoned is None
    world.look(6.0)
    assert reader.abandoned is None
