"""Gather the facts."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eegstream.config import RunConfig
from eegstream.doctor.facts import Outlet, Port, SysInfo
from eegstream.doctor.key_folder import look_at_keys
from eegstream.doctor.lsl_settings import look_at_settings
from eegstream.doctor.models import look_at_models
from eegstream.doctor.network import look_at_network
from eegstream.doctor.ports import look_at_port
from eegstream.doctor.software import look_at_software
from eegstream.wire.addresses import control_url


def sys_info(config: RunConfig | None = None) -> SysInfo:
    """What decides here whether streams are found and carried, for `run` with these settings (default: its defaults).

    It changes nothing, and takes about ten seconds. Put `print(eegstream.sys_info())` or the output of
    `eegstream doctor --json` into reports of errors.
    """
    config = config or RunConfig()
    software = look_at_software()
    lsl = look_at_settings(os.environ, Path.cwd(), Path.home())
    keys = look_at_keys(config)
    with ThreadPoolExecutor() as pool:
        outlets = pool.submit(_outlets, config) if software.liblsl_trouble is None else None
        ports = pool.submit(_ports, config)
        interfaces = pool.submit(look_at_network, lsl.addresses, lsl.multicast_port)
        waited = (outlets.result() if outlets else (), ports.result(), interfaces.result())
    # Last and alone, because its time is measured.
    models = look_at_models(config)
    return SysInfo(
        software=software, models=models, lsl=lsl, interfaces=waited[2], outlets=waited[0], ports=waited[1], keys=keys
    )


def _outlets(config: RunConfig) -> tuple[Outlet, ...]:
    from eegstream.doctor.outlets import look_at_outlets  # noqa: PLC0415 - needs liblsl

    return look_at_outlets(config)


def _ports(config: RunConfig) -> tuple[Port, ...]:
    """The publishing address, and the control address if there is to be one."""
    found = [look_at_port("publish", config.bind, config.keys)]
    if config.replay_mb:
        found.append(look_at_port("control", config.control or control_url(config.bind), config.keys))
    return tuple(found)
