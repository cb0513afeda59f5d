"""One message of each kind, the same ones that docs/reference/wire.md prints."""

from eegstream.wire.identity import stream_name
from eegstream.wire.messages import (
    Codes,
    End,
    Frontend,
    Gap,
    Message,
    ModelIdentity,
    Omitted,
    Source,
    Spec,
    State,
    UtcMark,
)

STREAM = stream_name("Muse 2", "EEG", "muse-0c1f", "lab")
RUN = "5f0c1d2e3a4b5968"

SPEC = Spec(
    stream=STREAM,
    run=RUN,
    epoch=0,
    seq=0,
    source=Source(
        name="Muse 2",
        type="EEG",
        source_id="muse-0c1f",
        uid="2b9c6d1e-3c55-4c0f-9a51-0d6f0a7e4c11",
        hostname="lab",
        session_id="default",
        format="float32",
    ),
    rate_hz=256.0,
    channels=("TP9", "AF7"),
    left_out=(Omitted(label="Right AUX", why="type AUX"),),
    unit_scale=(1.0, 1.0),
    model=ModelIdentity(name="example", version=1, sha256="00" * 32),
    patch=256,
    hop=256,
    words=(65536, 4096, 16),
    model_rate_hz=None,
    frontend=Frontend(model_rate_hz=None, highpass_hz=0.5, notch_hz=50.0),
    delay_s=0.0,
    device="cpu",
    precision="float32",
    torch="2.13.0+cpu",
    utc=UtcMark(iso="2026-11-23T21:30:00.000+00:00", clock=4711.25),
    notes=("no unit stated: uV assumed for AF7", "notch at 50 Hz by option, the bundle has None"),
)
CODES = Codes(
    stream=STREAM,
    run=RUN,
    epoch=0,
    seq=1,
    segment=0,
    first=0,
    shape=(1, 2, 3),
    codes=bytes.fromhex("0100 ff0f 0f00 ffff 0000 0700"),
    flags=bytes([16, 17]),
    t=(4710.5,),
    clock_offset=-0.00025,
    clock_error=0.0001,
    arrived=4711.5,
)
GAP = Gap(
    stream=STREAM,
    run=RUN,
    epoch=0,
    seq=2,
    segment=0,
    reason="missing",
    t_from=4711.75,
    t_to=4712.0,
    missing=64,
    received=320,
    discarded=64,
    emitted=1,
    tail=64,
)
END = End(
    stream=STREAM,
    run=RUN,
    epoch=0,
    seq=3,
    segment=1,
    reason="gone",
    t_from=4712.25,
    t_to=None,
    missing=None,
    received=64,
    discarded=64,
    emitted=0,
    tail=64,
)
STATE = State(
    stream=STREAM,
    run=RUN,
    epoch=0,
    last_seq=3,
    status="lost",
    why="the outlet closed its connection",
    received=384,
    encoded=2,
    lag_s=0.003,
    dropped=0,
    segment=None,
    t=4713.0,
    rate_measured_hz=256.0,
)

EXAMPLES: dict[str, Message] = {"spec": SPEC, "codes": CODES, "gap": GAP, "end": END, "state": STATE}
