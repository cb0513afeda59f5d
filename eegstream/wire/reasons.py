"""The wire's words for why a segment or an epoch ends, and for a stream's status."""

from typing import Literal, get_args

GapReason = Literal["missing", "clock", "stamps", "overflow", "encoder"]
EndReason = Literal["gone", "replaced", "deselected", "shutdown"]
Status = Literal["live", "stalled", "lost", "refused"]

GAP_REASONS: tuple[str, ...] = get_args(GapReason)
STATUSES: tuple[str, ...] = get_args(Status)
END_REASONS: frozenset[str] = frozenset(get_args(EndReason))
