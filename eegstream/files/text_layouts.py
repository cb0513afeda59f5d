"""Known text layouts: which program wrote a table, and what its columns are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eegstream.dsp.channel_words import EEG

_ELECTRODE = r"(?:(?:A?F|FC|FT|C|CP|T|TP|P|PO|O|FP|AFF?)(?:\d+|z))"


@dataclass(frozen=True)
class Layout:
    """The columns of one program's tables. Patterns match whole names; case is ignored."""

    name: str
    has: tuple[str, ...]
    """Patterns; each matches at least one column of such a table."""
    types: tuple[tuple[str, str], ...]
    """Patterns and types of columns; the first pattern that matches decides."""
    other: str = ""
    """Type of all other columns; with "" their labels decide."""
    unit: str = ""
    """Unit of the EEG columns."""
    only_hz: float | None = None
    """The rate of a device that has only one."""
    remedy: str = "Give a recording that holds EEG"
    """What to do if such a table holds no EEG, or too few rows with EEG."""

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a table with these names is one of this program."""
        return all(any(re.fullmatch(pattern, name, re.IGNORECASE) for name in header) for pattern in self.has)

    def column_type(self, name: str) -> str:
        """Type of a column of that name; "" if its label decides."""
        kinds = (kind for pattern, kind in self.types if re.fullmatch(pattern, name, re.IGNORECASE))
        return next(kinds, self.other)


_MUSE_SITE = r"(?:TP9|TP10|AF7|AF8|FP1|FP2|FPZ|AFZ)"

LAYOUTS = (
    Layout(
        name="Mind Monitor",
        has=(rf"(?:RAW|Delta|Theta|Alpha|Beta|Gamma)_{_MUSE_SITE}",),
        types=(
            (r"(?:RAW_)?(?:AUX|USB)\w*|(?:RIGHT|LEFT)[ _]AUX\w*", "AUX"),
            (r"RAW_\w+", EEG),
            (r"(?:Delta|Theta|Alpha|Beta|Gamma)_\w+", "POWER"),
            (r"Acc\w*", "ACC"),
            (r"Gyro\w*", "GYR"),
            (r"(?:PPG|Optics?)\w*|Heart_?Rate", "PPG"),
            (r"HeadBandOn|HSI\w*", "QUALITY"),
            (r"Battery\w*", "BATT"),
            (r"Elements|Marker\w*|Event\w*", "MARKER"),
        ),
        other="MISC",
        unit="uV",
        remedy="In Mind Monitor, record the raw EEG at a constant recording interval of 256 Hz",
    ),
    Layout(
        name="OpenMuse",
        has=(rf"EEG_{_MUSE_SITE}",),
        types=(
            (rf"EEG_{_MUSE_SITE}", EEG),
            (r"AUX\w*", "AUX"),
            (r"ACC\w*", "ACC"),
            (r"GYRO?\w*", "GYR"),
            (r"(?:OPTICS|PPG)\w*", "PPG"),
            (r"BATT\w*", "BATT"),
        ),
    ),
    Layout(
        name="EmotivPRO",
        has=(
            r"EEG\.(?:Counter|Interpolated|RawCq|Battery\w*|MarkerHardware)|CQ\.\w+|EQ\.\w+|POW\.\w+\.\w+|MOT\.\w+"
            r"|PM\.\w+(?:\.\w+)?",
        ),
        types=(
            (r"EEG\.(?:\w*Counter|.*Index)", "COUNTER"),
            (r"EEG\.(?:Interpolated|Raw_?Cq|Quality)|(?:CQ|EQ)\..*", "QUALITY"),
            (r"EEG\.Battery.*", "BATT"),
            (r"EEG\.Marker.*|Marker.*", "MARKER"),
            (r"EEG\..*", EEG),
            (r"POW\..*", "POWER"),
            (r"MOT\.Acc.*", "ACC"),
            (r"MOT\.Gyro.*", "GYR"),
            (r"(?:MOT|PM|FE|MC|FAC|HM|MET|COM|DEV|SYS)\..*", "MISC"),
        ),
        unit="uV",
        remedy="In EmotivPRO, export the EEG itself, which needs a license that includes raw EEG",
    ),
    Layout(
        name="Emotiv TestBench",
        has=(r"(?:IED_|ED_)?COUNTER", r"(?:IED_|ED_)?INTERPOLATED"),
        types=(
            (r"(?:IED_|ED_)?COUNTER\w*", "COUNTER"),
            (r"(?:IED_|ED_)?(?:INTERPOLATED|RAW_?CQ|CQ_\w+)", "QUALITY"),
            (r"(?:IED_|ED_)?GYRO\w*", "GYR"),
            (r"(?:IED_|ED_)?(?:MARKER\w*|SYNC\w*)", "MARKER"),
            (r"(?:IED_|ED_)?(?:ES_)?TIME_?STAMP\w*", "TIME"),
            (rf"(?:IED_|ED_)?{_ELECTRODE}", EEG),
        ),
        other="MISC",
        unit="uV",
    ),
    Layout(
        name="OpenBCI",
        has=(r"(?:EXG|EEG) Channel \d+",),
        types=(
            (r"(?:EXG|EEG) Channel \d+", EEG),
            (r"Sample ?Index", "COUNTER"),
            (r"Accel.*", "ACC"),
            (r"Gyro.*", "GYR"),
            (r"(?:Analog|Digital|Aux).*", "AUX"),
            (r"Resistance.*", "IMP"),
            (r"Battery.*", "BATT"),
            (r"Marker.*", "MARKER"),
            (r"Time.*", "TIME"),
        ),
        other="MISC",
        unit="uV",
    ),
    Layout(
        name="Unicorn Recorder",
        has=(
            r"Validation ?Indicator|VALID(?:ATION)?",
            r"Counter|CNT",
            r"Battery ?Level|BAT",
            r"(?:Accelerometer|ACC).*",
        ),
        types=(
            (r"EEG ?\d+(?:\W.*)?", EEG),
            (r"(?:Accelerometer|ACC).*", "ACC"),
            (r"(?:Gyroscope|GYR).*", "GYR"),
            (r"Battery ?Level|BAT", "BATT"),
            (r"Counter|CNT", "COUNTER"),
            (r"Validation ?Indicator|VALID(?:ATION)?", "QUALITY"),
            (rf"{_ELECTRODE}", EEG),
        ),
        unit="uV",
        only_hz=250.0,
    ),
    Layout(
        name="OpenViBE",
        has=(r"Event Id", r"Event Date"),
        types=(
            (r"Epoch|Serial Number", "COUNTER"),
            (r"Event .*|Software Marker.*", "MARKER"),
            (r"(?:(?:Low|Mid|High) )?(?:Delta|Theta|Alpha|Beta|Gamma)", "POWER"),
            (r"Attention|Meditation|Blink.*", "MISC"),
        ),
    ),
)
OTHER = Layout(
    name="", has=(), types=((r"sampl(?:e|ing)[ _]?(?:rate|freq\w*).*|fs|srate|sfreq", "MISC"), (r"date", "TIME"))
)
"""Any other table: the labels decide."""


def layout_of(header: Sequence[str]) -> Layout:
    """The layout that a table with these names has."""
    return next((layout for layout in LAYOUTS if layout.fits(header)), OTHER)
