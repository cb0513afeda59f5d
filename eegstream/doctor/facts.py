"""What is known about this machine: plain facts, without a judgement."""

from dataclasses import dataclass
from typing import Literal

Speaks = Literal["nothing", "NULL", "CURVE", "other"]
"""What answers at an address: nobody, ZeroMQ without keys, ZeroMQ with keys, or another program."""


@dataclass(frozen=True)
class Trouble:
    """What is wrong in one sentence, and what to do about it; as the parts of an `EegstreamError`."""

    message: str
    remedy: str


@dataclass(frozen=True)
class Software:
    """Versions of what `eegstream` stands on; None for what is not there."""

    eegstream: str
    python: str
    system: str
    numpy: str
    scipy: str
    torch: str
    torch_cuda: str | None
    """The CUDA version that PyTorch was built for."""
    gpus: tuple[str, ...]
    """The CUDA devices that PyTorch sees."""
    has_nvidia_driver: bool
    pyzmq: str
    libzmq: str
    pylsl: str | None
    liblsl: str | None
    liblsl_path: str | None
    liblsl_trouble: str | None
    """Why liblsl cannot be used; None if it can."""
    kernels_trouble: str | None
    """Why the kernels in C are missing; None if they are there."""


@dataclass(frozen=True)
class LslSettings:
    """How liblsl is configured for this process."""

    file: str | None
    """The file that it reads; None: the defaults."""
    missing: str | None
    """What LSLAPICFG names, if it is not there."""
    damage: str | None
    """Why liblsl discards the whole file; None if it does not."""
    session_id: str
    resolve_scope: str
    ipv6: str
    addresses: tuple[str, ...]
    """Where searches for streams are sent: groups, broadcast and single addresses."""
    known_peers: tuple[str, ...]
    multicast_port: int
    base_port: int
    port_range: int


@dataclass(frozen=True)
class Multicast:
    """Whether a datagram to one of LSL's groups, sent on an interface, was heard on it again."""

    group: str
    heard: bool
    why: str | None
    """What the system said, if it refused; else None."""


@dataclass(frozen=True)
class Interface:
    """A network interface that is up and has an IPv4 address."""

    name: str
    address: str
    is_loopback: bool
    multicast: tuple[Multicast, ...]


@dataclass(frozen=True)
class Outlet:
    """A visible LSL outlet, as it announces itself, and what it answered."""

    stream: str
    """Its name on the wire."""
    name: str
    type: str
    source_id: str
    hostname: str
    uid: str
    n_channels: int
    rate_hz: float
    """Nominal; 0 if irregular."""
    format: str
    wanted: bool
    """Whether `run` selects it, as EEG or as markers."""
    refused: str | None
    """Why `run` would not take it if it were selected; None if it would."""
    silent: str | None
    """Why its description could not be read; None if it could, or was not asked for."""
    clock_offset_s: float | None
    """Clock of this machine minus clock of the outlet; None if it was not measured."""
    clock_error_s: float | None
    asked: bool
    """Whether it was asked for its description and its clock, with enough time to answer.

    It is not asked for samples: some outlets begin to send then.
    """


@dataclass(frozen=True)
class Port:
    """An address of the daemon."""

    role: Literal["publish", "control"]
    url: str
    speaks: Speaks
    bind_trouble: str | None
    """Why it cannot be bound, where nobody answers; None if it can, or was not tried."""
    daemon_run: str | None = None
    """Name of the run of the daemon that gave a sign of life; None if none did."""
    trouble: str | None = None
    """Why none came, if the connection tells."""


@dataclass(frozen=True)
class Keys:
    """The folder of keys."""

    folder: str
    exists: bool
    needed: bool
    """Whether a daemon with these settings encrypts its connections."""
    allowed: int
    """Clients that are let in."""
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True)
class ShippedBundle:
    """A bundle of the package."""

    file: str
    intact: bool
    """Whether its SHA-256 is that which the package was made with."""


@dataclass(frozen=True)
class ChosenBundle:
    """The bundle that `run` would use, loaded and verified by its golden vectors."""

    title: str
    sha256: str
    standing: str
    device: str
    agreement: float
    """Share of its golden codes that this device reproduced."""
    encoded_by: str


@dataclass(frozen=True)
class Budget:
    """Time that front end and encoder take, by the clock on the wall."""

    n_channels: int
    per_second_s: float
    """Seconds for one second of EEG of so many channels; the median of some calls."""

    @property
    def channels(self) -> int:
        """How many channels this leaves time for, if nothing else takes any."""
        return int(self.n_channels / self.per_second_s)


@dataclass(frozen=True)
class Models:
    """The bundles."""

    shipped: tuple[ShippedBundle, ...]
    chosen: ChosenBundle | None
    budget: Budget | None
    trouble: Trouble | None
    """Why the chosen bundle cannot be used; None if it can."""


@dataclass(frozen=True)
class SysInfo:
    """Everything that `eegstream doctor` knows."""

    software: Software
    models: Models
    lsl: LslSettings
    interfaces: tuple[Interface, ...]
    outlets: tuple[Outlet, ...]
    ports: tuple[Port, ...]
    keys: Keys
