"""Say what the facts mean; pure."""

from collections.abc import Iterator

from eegstream.doctor.facts import Keys, Models, Port, Software, SysInfo
from eegstream.doctor.findings import Finding
from eegstream.doctor.judging_lsl import of_lsl, of_network, of_outlets

_LEAST_CHANNELS = 64
"""A machine that carries fewer is slow."""


def findings(info: SysInfo) -> tuple[Finding, ...]:
    """Everything worth saying about `info`, from the machine to the network."""
    return (
        *of_software(info.software),
        *of_models(info.models),
        *of_lsl(info.lsl),
        *of_network(info.lsl, info.interfaces),
        *(of_outlets(info.outlets) if info.software.liblsl_trouble is None else ()),
        *of_ports(info.ports),
        *of_keys(info.keys),
    )


def of_software(software: Software) -> Iterator[Finding]:
    """Versions, kernels in C, CUDA."""
    about = "software"
    yield Finding(
        about,
        "ok",
        f"eegstream {software.eegstream}, {software.python}, torch {software.torch}, numpy {software.numpy}, scipy "
        f"{software.scipy}, pyzmq {software.pyzmq} with libzmq {software.libzmq}, on {software.system}",
    )
    if software.liblsl_trouble is None:
        found = f"liblsl {software.liblsl} from {software.liblsl_path}, pylsl {software.pylsl}"
        yield Finding(about, "ok", found)
    else:
        yield Finding(
            about,
            "problem",
            f"liblsl is not to be had ({software.liblsl_trouble}), so there are no live streams",
            "Install liblsl and name it in PYLSL_LIB, as the README describes",
        )
    if software.kernels_trouble is None:
        yield Finding(about, "ok", "the kernels in C are there")
    else:
        yield Finding(
            about,
            "warning",
            f"the kernels in C are missing ({software.kernels_trouble}); codes are the same, and take several times as "
            "long",
            "Install a wheel of this system, or a C compiler and then the package again",
        )
    yield _of_cuda(software)


def _of_cuda(software: Software) -> Finding:
    if software.gpus:
        return Finding("software", "ok", f"CUDA {software.torch_cuda} with {', '.join(software.gpus)}")
    if not software.has_nvidia_driver:
        return Finding("software", "ok", "no CUDA device; models run on the CPU")
    if software.torch_cuda is None:
        return Finding(
            "software",
            "note",
            "there is an NVIDIA driver, but this PyTorch is built for the CPU alone",
            "If models are to run on the GPU, install PyTorch from its CUDA wheel index",
        )
    return Finding(
        "software",
        "warning",
        f"there is an NVIDIA driver, but PyTorch, built for CUDA {software.torch_cuda}, sees no device",
        "Compare the driver's CUDA version (nvidia-smi) with that of PyTorch, and look at CUDA_VISIBLE_DEVICES",
    )


def of_models(models: Models) -> Iterator[Finding]:
    """Digests, the chosen bundle, and its time."""
    damaged = [bundle.file for bundle in models.shipped if not bundle.intact]
    if damaged:
        yield Finding(
            "model",
            "problem",
            f"{len(damaged)} of {len(models.shipped)} shipped bundles are not those that the package was made with: "
            f"{', '.join(damaged)}",
            "Install the package again; keep bundles of your own outside the package",
        )
    elif models.shipped:
        yield Finding("model", "ok", f"{len(models.shipped)} shipped bundles, each with its proper SHA-256")
    if models.trouble is not None:
        yield Finding("model", "problem", models.trouble.message, models.trouble.remedy)
    if models.chosen is not None:
        chosen = models.chosen
        yield Finding(
            "model",
            "ok",
            f"{chosen.title} ({chosen.standing}) reproduces {chosen.agreement:.2%} of its golden codes on "
            f"{chosen.device}; patches are encoded by {chosen.encoded_by}",
        )
    if models.budget is not None and models.chosen is not None:
        budget = models.budget
        carried = (
            f"{budget.n_channels} channels take {budget.per_second_s * 1000:.1f} ms for each second of EEG here, now: "
            f"time for {budget.channels} channels on one {'core' if models.chosen.device == 'cpu' else 'device'}"
        )
        if budget.channels >= _LEAST_CHANNELS:
            yield Finding("time", "ok", f"{carried}; LSL and ZeroMQ take some of it")
        else:
            yield Finding(
                "time",
                "warning",
                carried,
                "See what else keeps the machine busy, take a smaller bundle (lite, fast) or fewer channels; measure "
                "with: eegstream bench",
            )


def of_ports(ports: tuple[Port, ...]) -> Iterator[Finding]:
    """Free, a daemon's, or somebody else's."""
    for port in ports:
        yield _of_port(port, daemon_lives=any(other.daemon_run is not None for other in ports))


def _of_port(port: Port, *, daemon_lives: bool) -> Finding:
    what = f"the {port.role} address {port.url}"
    option = "--bind" if port.role == "publish" else "--control"
    if port.speaks == "nothing":
        if port.bind_trouble is None:
            return Finding("ports", "ok", f"{what} is free; no daemon runs there")
        remedy = f"Give another {option}, an address of this machine that is not in use"
        return Finding("ports", "problem", f"{what} cannot be bound ({port.bind_trouble})", remedy)
    if port.daemon_run is not None:
        return Finding("ports", "ok", f"a daemon lives at {what}, run {port.daemon_run}")
    if port.speaks == "other":
        return Finding(
            "ports",
            "problem",
            f"{what} is in use by a program that is no daemon of eegstream",
            f"Stop that program, or give another {option}",
        )
    if port.role == "control" and daemon_lives:
        return Finding("ports", "ok", f"the daemon answers at {what}")
    keys = " with keys" if port.speaks == "CURVE" else ""
    why = f" ({port.trouble})" if port.trouble else ""
    return Finding(
        "ports",
        "problem",
        f"a ZeroMQ socket{keys} is at {what}, but no daemon gives a sign of life there{why}",
        "If it is a daemon with keys, give its --keys; else stop what publishes there, or give another " + option,
    )


def of_keys(keys: Keys) -> Iterator[Finding]:
    """Only what can be used by nobody else."""
    for trouble in keys.troubles:
        yield Finding("keys", "problem" if keys.needed else "warning", trouble.message, trouble.remedy)
    if keys.troubles:
        return
    if keys.needed and not keys.allowed:
        yield Finding(
            "keys",
            "problem",
            f"{keys.folder} allows no client, so nobody could subscribe, and run does not start",
            f"Allow one with: eegstream keys allow NAME PUBLIC-KEY --keys {keys.folder}",
        )
    elif keys.exists:
        used = "" if keys.needed else "; they are not used with these settings"
        yield Finding("keys", "ok", f"the keys in {keys.folder} can be used, {keys.allowed} clients are let in{used}")
    else:
        yield Finding("keys", "ok", "no folder of keys, and none needed: connections stay on this machine")
