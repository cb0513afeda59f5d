"""Classify channel labels: names of electrodes, and words that mark other signals than EEG.

Sources: the 10-20, 10-10 and 10-5 systems (Oostenveld and Praamstra 2001); the channel types of BIDS 1.10; the names
of the AASM manual's sleep montages; the manuals of the recorders that docs/reference/channels.md names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EEG = "EEG"


@dataclass(frozen=True)
class Words:
    """Words that mark a label as something other than EEG, separated by "|"."""

    meaning: str
    begins: str = ""
    """The label begins with one of these."""
    whole: str = ""
    """The label holds one of these as a separate word; digits after it are ignored."""
    anywhere: str = ""
    """The label holds one of these anywhere; blanks, dots and underscores are ignored."""


NOT_EEG: Mapping[str, Words] = {
    "ECG": Words("heart", begins="ECG|EKG"),
    "EOG": Words("eyes", begins="EOG|HEOG|VEOG|REOG|LEOG|IEOG|GAZE|EYE", whole="LOC|ROC|LUC|RUC|LLC|RLC",
                 anywhere="LEFTEYE|RIGHTEYE|PUPIL|OCULAR"),
    "EMG": Words("muscles", begins="EMG|CHIN",
                 whole="LEG|LEGS|LLEG|RLEG|LAT|RAT|TIB|DX|SX|ARM|ARMS|LARM|RARM|PLM|PLMS|FDS|BEIN",
                 anywhere="TIBIALIS|MASSETER|DELTOID|INTERCOSTAL|SUBMENTAL"),
    "RESP": Words("breathing", begins="RESP|FLOW|THOR|ABDO|SNOR|CPAP|BIPAP",
                  whole="ABD|RIB|RIP|CRIP|PAP|IPAP|EPAP|PRES|LEAK|TIDAL|SUM|XSUM|PFLOW|TFLOW|PTAF|NPT|NPV|BAUCH|BRUST",
                  anywhere="AIRFLOW|NASAL|CHEST|RIBCAGE|EFFORT|CANNULA|PRESSURE|TORACE|ADDOME|FLUSSO|ATMUNG|SCHNARCH"),
    "PPG": Words("pulse", begins="PPG|PLET|HEART", whole="HR|DHR|HRATE|HRV|RATE|PR|PTT|BPM|PULS",
                 anywhere="PULSE|OPTICS|PLETH"),
    "SPO2": Words("oxygen", begins="SPO2|SAO2|OSAT", whole="SAT|OXSTAT|OX", anywhere="OXIM|OXYGEN"),
    "CO2": Words("carbon dioxide", begins="CO2|ETCO2|TCCO2|CAPNO"),
    "GSR": Words("skin", begins="GSR|EDA", whole="EDR|SCR|SCL"),
    "TEMP": Words("temperature", begins="TEMP", anywhere="THERM|TERMIST|TEMPERATUR"),
    "ACC": Words("acceleration", begins="ACC", whole="GRAVITY", anywhere="ACTIGRAPH|ACTIVITY"),
    "GYR": Words("rotation", begins="GYR", whole="MAG|MOT|QUAT", anywhere="GYROSCOPE|MAGNETOM|QUATERNION"),
    "POS": Words("position of the body", whole="POS|BODY|LAGE", anywhere="POSITION|POSIZION|BODYPOS|ELEVATION"),
    "SOUND": Words("sound", whole="MIC|MICRO", anywhere="SOUND|AUDIO|MICROPHONE"),
    "IMP": Words("impedance", begins="IMP", anywhere="IMPEDANCE"),
    "DC": Words("direct current input", whole="DC"),
    "STATUS": Words("status bits", whole="FLAG|STAT", anywhere="STATUS|VALIDATION|INTERPOLAT|HIGHBIT|SATURATION"),
    "QUALITY": Words("contact quality", whole="CQ|EQ|HSI|SQ", anywhere="QUALITY|CONTACT|HEADBAND"),
    "STI": Words("stimuli", begins="STI", whole="DIN", anywhere="STIMUL"),
    "TRIG": Words("triggers", begins="TRIG|TTL", whole="TRG|SYNC|BUTTON", anywhere="PHOTIC|TRIGGER|PHOTODIODE"),
    "EVENT": Words("events", anywhere="EVENT"),
    "MARKER": Words("markers", begins="EDF ANNOTATION|BDF ANNOTATION", whole="MARK|MARKS|IBI|BURSTS|SUPPR",
                    anywhere="MARKER|ANNOTATION"),
    "TIME": Words("time", whole="TIME|CLOCK|UNIX|EPOCH", anywhere="TIMESTAMP|DATETIME"),
    "COUNTER": Words("counters", whole="SEQ", anywhere="COUNTER|SAMPLE|PACKET|INDEX"),
    "POWER": Words("band powers and scores", whole="POW|PM|FE|BETA|LOWBETA|HIGHBETA|BETAL|BETAH|MELLOW|ELEMENTS",
                   anywhere="DELTA|THETA|ALPHA|GAMMA|CONCENTRATION|ATTENTION|MEDITATION"),
    "AUX": Words("spare inputs", begins="AUX|EXG|ANALOG|DIGITAL", whole="AUX|EXG|EX|BIP|ADC|DAC|VNS"),
    "REF": Words("reference and ground", whole="GND|GROUND|VREF|CMS|DRL|CM"),
    "MISC": Words("anything else", begins="MISC|BATT|BP|ERG",
                  whole="NC|EMPTY|CODE", anywhere="NOT USED|UNUSED|LIGHT|BATTERY|HARDWARE|DUMMY"),
}  # fmt: skip
"""Words by channel type. The first type that matches counts, from top to bottom."""

SPARE = "AUX"
"""Spare inputs may hold an electrode. They count as EEG if the source calls them EEG and has no other EEG channel."""

_DUMMY = re.compile(r"[\s.\-_]*\d*|none|null|n/?a|off", re.IGNORECASE)
_REFERENCE = re.compile(r"\s*[-:/–].*", re.DOTALL)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EEG_PREFIX = re.compile(r"EEG(?=[\s._:\-]|\d|[A-Z][A-Za-z]?[a-z]?\d|$)[\s._:\-]*", re.IGNORECASE)
_POL_PREFIX = re.compile(r"POL\s+", re.IGNORECASE)

_ROWS = "FP|AFP|AF|AFF|F|FFT|FFC|FT|FTT|FC|FCC|T|TTP|C|CCP|TP|TPP|CP|CPP|P|PPO|PO|POO|O|OI|I|N|A|M|SP|PG|CB"
_ONE_ELECTRODE = rf"(?:(?:{_ROWS})(?:Z|\d{{1,2}})H?|LPA|RPA|NAS|LM|RM)"
_ELECTRODE = re.compile(_ONE_ELECTRODE, re.IGNORECASE)
_DERIVATION = re.compile(_ONE_ELECTRODE + "{1,2}", re.IGNORECASE)
_NET = re.compile(r"E\d{1,3}", re.IGNORECASE)
_EYES = frozenset({"E1", "E2"})


@dataclass(frozen=True)
class Name:
    """A label taken apart."""

    body: str
    """The label without the prefix EEG and without the reference."""
    whole: str
    """The label without the prefix EEG, with the reference."""
    says_eeg: bool
    """It begins with EEG."""
    is_pol: bool
    """It begins with POL, which Nihon Kohden writes for inputs outside the 10-20 system."""

    @property
    def is_dummy(self) -> bool:
        """Whether the label is empty or has only marks: a channel that the recorder did not use."""
        return not self.says_eeg and _DUMMY.fullmatch(self.body) is not None and not self.body.strip().isdigit()

    @property
    def is_electrode(self) -> bool:
        """Whether it names an electrode of the 10-5 system, two of them, or one after a prefix: Fp1, C3A2, RAW_TP9."""
        parts = [part for part in re.split(r"[\s._]+", self.body) if part]
        return _DERIVATION.fullmatch("".join(parts)) is not None or (
            bool(parts) and _ELECTRODE.fullmatch(parts[-1]) is not None
        )

    @property
    def is_of_net(self) -> bool:
        """Whether it names an electrode of a net: E1 to E256."""
        return _NET.fullmatch(self.body) is not None

    @property
    def is_eye(self) -> bool:
        """Whether it is E1 or E2, which are eye electrodes in a sleep montage."""
        return self.body.upper() in _EYES

    @property
    def other_type(self) -> str | None:
        """The channel type that the label's words name; None if they name no other signal than EEG."""
        if _DERIVATION.fullmatch(self.body):
            return None
        text = self.body if self.is_electrode or self.says_eeg else self.whole
        plain = " ".join(text.upper().split())
        close = re.sub(r"[\s._]+", "", plain)
        words = {word.upper() for word in _WORD.findall(text)} | {*re.findall(r"[A-Z]+", plain), close}
        for kind, listed in NOT_EEG.items():
            if plain.startswith(_split(listed.begins)) or words & {*_split(listed.whole)}:
                return kind
            if any(word.replace(" ", "") in close for word in _split(listed.anywhere)):
                return kind
        return "REF" if plain in {"REF", "REFERENCE"} else None


def _split(listed: str) -> tuple[str, ...]:
    return tuple(listed.split("|")) if listed else ()


def take_apart(label: str) -> Name:
    """Split a label into the parts that the rules use."""
    text = label.strip()
    pol = _POL_PREFIX.match(text)
    text = text[pol.end() :] if pol else text
    says = _EEG_PREFIX.match(text)
    text = text[says.end() :] if says else text
    head = _REFERENCE.sub("", text).strip(" .")
    return Name(head or text.strip(), text.strip(" ."), says is not None, pol is not None)
