"""Which channels are EEG, and in what unit they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.dsp.channel_words import NOT_EEG
from eegstream.dsp.channels import ChannelChoice, channel_type, fates, printable_label, select_channels
from eegstream.dsp.units import unit_kind, unit_scale
from eegstream.errors import ConfigError, StreamError

UNITS = {
    1e6: ["V", "v", "volt", "Volts", " V ", "0", "1000 mV"],
    1e3: ["mV", "MV", "millivolt", "Millivolts", "-3"],
    1.0: ["uV", "UV", "\u00b5V", "\u03bcV", "microvolts", "MicroVolt", "-6", "1e-6 V"],
    0.1: ["0.1uV", "0.1 µV", "100nV"],
    1e-3: ["nV", "nanovolt", "NanoVolts", "-9"],
}


def kept(labels, types=None, units=None, choice=None):
    """Labels of the channels that are EEG."""
    stated = (types or [""] * len(labels), units or [""] * len(labels))
    return [label for label, fate in zip(labels, fates(labels, *stated, choice), strict=True) if fate.kind == "EEG"]


@pytest.mark.parametrize(("scale", "unit"), [(scale, unit) for scale, units in UNITS.items() for unit in units])
def test_known_units_scale_to_microvolts(scale: float, unit: str) -> None:
    """Every spelling has its factor, and a number before it counts."""
    assert unit_scale(unit) == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize(
    "unit", ["", " ", "a.u.", "ADC", "T", "Boolean", "-12", "kV", "uV/s", "0uV", "INT_16", "0,1uV"]
)
def test_other_units_are_unknown(unit: str) -> None:
    """What is not in the table has no factor: none is guessed."""
    assert unit_scale(unit) is None


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("µV", "voltage"), ("", "raw"), ("n/a", "raw"), ("INT_16", "raw"), ("seconds", "other"), ("°C", "other"),
     ("kΩ", "other"), ("m/s^2", "other"), ("%", "other"), ("Boolean", "other"), ("furlong", "unknown")],
)  # fmt: skip
def test_units_are_of_four_kinds(unit: str, kind: str) -> None:
    """A voltage, no unit at all, a unit of something else, or a text that nobody knows."""
    assert unit_kind(unit) == kind


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Fc5.", "EEG"),
        ("EEG Fpz-Cz", "EEG"),
        ("EEG A2-A1", "EEG"),
        ("EEG", "EEG"),
        ("", "EEG"),
        ("TP9", "EEG"),
        ("C4-ECG", "EEG"),
        ("C3A2", "EEG"),
        ("RAW_TP9", "EEG"),
        ("EEG ECG-Ref", "ECG"),
        ("ekg1", "ECG"),
        ("EOG horizontal", "EOG"),
        ("VEOGo", "EOG"),
        ("Lefteye", "EOG"),
        ("LOC-A2", "EOG"),
        ("EEG ROC-REF", "EOG"),
        ("EMG submental", "EMG"),
        ("LegL", "EMG"),
        ("RAT", "EMG"),
        ("Resp oro-nasal", "RESP"),
        ("Sum", "RESP"),
        ("Temp rectal", "TEMP"),
        ("Therm", "TEMP"),
        ("SpO2", "SPO2"),
        ("DHR", "PPG"),
        ("Event marker", "EVENT"),
        ("STI 014", "STI"),
        ("Status", "STATUS"),
        ("Trigger", "TRIG"),
        ("TRG", "TRIG"),
        ("HardwareMarker", "MARKER"),
        ("acc1", "ACC"),
        ("Accel Channel 0", "ACC"),
        ("GYRO_X", "GYR"),
        ("EXG1", "AUX"),
        ("EX1", "AUX"),
        ("BIP1", "AUX"),
        ("Right AUX", "AUX"),
        ("AUX_RIGHT", "AUX"),
        ("Marker0", "MARKER"),
        ("Ergo-Left", "MISC"),
        ("Sample Index", "COUNTER"),
        ("SampleCounter", "COUNTER"),
        ("EEG.Counter", "COUNTER"),
        ("LSL Timestamp", "TIME"),
        ("Validation Indicator", "STATUS"),
        ("CQ.AF3", "QUALITY"),
        ("POW.AF3.Theta", "POWER"),
        ("Delta_TP9", "POWER"),
        ("EDF Annotations", "MARKER"),
        ("EEG Mark1", "MARKER"),
        ("AUXL", "AUX"),
        ("C-PRES", "RESP"),
        ("H.R.", "PPG"),
        ("RIP.Thrx", "RESP"),
        ("EEG.SaturationFlag", "STATUS"),
        ("DX1-DX2", "EMG"),
        ("CM", "REF"),
    ],
)
def test_labels_tell_of_other_signals(label: str, kind: str) -> None:
    """A label that holds a word of another signal is no EEG; every other one may be."""
    assert channel_type(label) == kind


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_no_electrode_is_mistaken_for_another_signal() -> None:
    """Of every montage that MNE-Python knows, all of 10-05 among them, each electrode but one called Ref is EEG."""
    mne = pytest.importorskip("mne", reason="the montages come with MNE-Python")
    for montage in mne.channels.get_builtin_montages():
        names = [name for name in mne.channels.make_standard_montage(montage).ch_names if name != "Ref"]
        assert kept(names) == names


@given(
    kind_word=st.sampled_from(
        [
            (kind, word)
            for kind, row in NOT_EEG.items()
            for word in "|".join((row.begins, row.whole, row.anywhere)).split("|")
        ]
    ),
    tail=st.text("123", max_size=2),
    lower=st.booleans(),
)
def test_every_word_of_the_table_counts_in_any_case(kind_word: tuple[str, str], tail: str, lower: bool) -> None:
    """Case, a leading "EEG", digits behind, dots and the reference do not hide a word."""
    _, word = kind_word
    if word:
        word = word.lower() if lower else word
        assert channel_type(f"EEG {word}{tail}..-REF") != "EEG"


@given(st.text(max_size=12))
def test_labels_become_printable_and_stay_so(label: str) -> None:
    """A label comes out as one printable line, and the same line the second time."""
    shown = printable_label(label, 3)
    assert shown
    assert shown.isprintable()
    assert shown == shown.strip()
    assert printable_label(shown, 3) == shown


def test_a_stated_type_counts_before_the_label_unless_that_cannot_be_eeg() -> None:
    """Another stated type is left out; EEG is kept, but for a label or a unit of something else."""
    labels = ["Counter", "Fp1", "EOG", "Cz", "X7", "Time", "Oz"]
    selection = select_channels(
        labels, ["eeg", "misc", "", "", "EEG", "EEG", "EEG"], ["", *["uV"] * 4, "seconds", "°C"]
    )
    assert selection.labels == ("Cz", "X7")
    assert [(out.label, out.why) for out in selection.left_out] == [
        ("Counter", "its label says COUNTER, although its type is EEG"),
        ("Fp1", "type MISC"),
        ("EOG", "its label says EOG"),
        ("Time", "unit seconds, which is not a voltage"),
        ("Oz", "unit °C, which is not a voltage"),
    ]
    np.testing.assert_array_equal(selection.unit_scale, [1.0, 1.0])


def test_a_label_is_judged_within_its_montage() -> None:
    """E1 is an eye in a sleep montage and an electrode of a net; a spare input is EEG where there is nothing else."""
    assert kept(["F3-M2", "E1-M2", "E2-M2"]) == ["F3-M2"]
    assert kept(["E1", "E2", "E3", "VREF"]) == ["E1", "E2", "E3"]
    assert kept(["EXG Channel 0", "Accel"], ["EEG", "ACC"]) == ["EXG Channel 0"]
    assert kept(["TP9", "Right AUX"], ["EEG", "EEG"]) == ["TP9"]
    assert kept(["EEG Fp1-Ref", "POL T3", "POL E", "POL $A1", "POL DC01"]) == ["EEG Fp1-Ref"]
    assert kept(["POL Fp1", "POL T3", "POL X1"]) == ["POL Fp1", "POL T3"]
    assert kept(["Fp1", "", "-", ".", "--0", "1"]) == ["Fp1", "1"]
    assert kept(["", "", ""]) == ["", "", ""]
    assert kept(["Fp1", "Strange", "Other"], units=["uV", "", "uV"]) == ["Fp1", "Other"]
    assert kept(["a", "b"], units=["", ""]) == ["a", "b"]


def test_unstated_types_leave_it_to_the_label() -> None:
    """n/a and its like are no type."""
    assert kept(["Fp1", "GSR1"], ["n/a", "N/A"]) == ["Fp1"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ChannelChoice.of("ecg*,3"), ["Cz", "ECG1"]),
        (ChannelChoice.of(["2-3"]), ["Fp2", "Cz"]),
        (ChannelChoice.of(drop="fp?"), ["Cz"]),
        (ChannelChoice.of("*", "3,ECG*"), ["Fp1", "Fp2"]),
    ],
)
def test_the_users_say_counts_most(choice: ChannelChoice, expected: list[str]) -> None:
    """Patterns in any case and numbers from 1 keep or drop channels, whatever the source says."""
    labels = ["Fp1", "Fp2", "Cz", "ECG1"]
    assert kept(labels, ["EEG", "EEG", "EEG", "ECG"], choice=choice) == expected
    selection = select_channels(labels, ["EEG", "EEG", "EEG", "ECG"], ["uV"] * 4, choice)
    assert list(selection.labels) == expected
    said = [f"channels kept as --channels says: {', '.join(choice.channels)}"] if choice.channels else []
    said += [f"channels left out as --drop says: {', '.join(choice.drop)}"] if choice.drop else []
    assert list(selection.notes) == said


def test_a_number_that_is_a_label_names_that_label() -> None:
    """Channels called 10, 11, ... are named by what they are called."""
    assert kept(["10", "11", "1"], choice=ChannelChoice.of("1")) == ["1"]


def test_a_pattern_that_names_nothing_is_refused() -> None:
    """A misspelt electrode is no silent loss."""
    with pytest.raises(StreamError, match=r"--channels has Fz, which matches none of the 1 channels \(Cz\)"):
        select_channels(["Cz"], ["EEG"], ["uV"], ChannelChoice.of("Cz,Fz"))
    with pytest.raises(StreamError, match="--drop has Fz"):
        select_channels(["Cz"], ["EEG"], ["uV"], ChannelChoice.of(drop="Fz"))


def test_a_source_without_eeg_is_refused() -> None:
    """No kept channel is an error that tells the fate of each."""
    with pytest.raises(StreamError, match=r"none of the 2 channels is EEG \(ECG: its label says ECG; x: type MISC\)"):
        select_channels(["ECG", "x"], ["", "misc"], ["", ""])
    with pytest.raises(StreamError, match="there is none"):
        select_channels([], [], [])


def test_missing_and_unknown_units_are_microvolts_and_noted() -> None:
    """What the source does not say is assumed, and the note says for which channels."""
    selection = select_channels(["a", "b", "c", "d"], [""] * 4, ["mV", "", "a.u.", ""])
    np.testing.assert_array_equal(selection.unit_scale, [1e3, 1.0, 1.0, 1.0])
    assert selection.notes == (
        "no unit stated: uV assumed for b, d",
        "unit 'a.u.' is not known: uV assumed for c",
    )


def test_a_source_without_labels_is_told() -> None:
    """Channels that nobody named are EEG, and the note says what they are called."""
    selection = select_channels(["", ""], ["", ""], ["uV", "uV"])
    assert selection.labels == ("ch1", "ch2")
    assert selection.notes == ("no channel has a label: the channels are called ch1 to ch2 by their position",)


def test_the_unit_option_holds_where_nothing_is_stated() -> None:
    """`--unit mV` fills in; `--unit mV!` overrides; both are noted."""
    filled = select_channels(["a", "b"], ["", ""], ["V", ""], ChannelChoice.of(unit="mV"))
    np.testing.assert_array_equal(filled.unit_scale, [1e6, 1e3])
    assert filled.notes == ("no unit stated: mV as --unit says for b",)
    forced = select_channels(["a", "b"], ["", ""], ["V", ""], ChannelChoice.of(unit="mV!"))
    np.testing.assert_array_equal(forced.unit_scale, [1e3, 1e3])
    assert "unit 'V' overridden: mV as --unit says for a" in forced.notes


def test_units_may_have_a_factor_and_differ_by_channel() -> None:
    """0.1uV is a unit; PATTERN=U is one of the channels that it fits, before the one of all."""
    choice = ChannelChoice.of(channels="*", unit="0.1uV,ECG*=mV,Cz=V!")
    selection = select_channels(["Fp1", "ECG1", "Cz"], ["EEG"] * 3, ["", "INT_16", "uV"], choice)
    np.testing.assert_allclose(selection.unit_scale, [0.1, 1e3, 1e6], rtol=1e-12)


@pytest.mark.parametrize("option", ["furlong", "!", "uV!!", "Cz=", "=uV", "0uV"])
def test_an_unknown_unit_option_is_a_wrong_setting(option: str) -> None:
    """The error names the units that are known."""
    with pytest.raises(ConfigError, match="microvolts"):
        ChannelChoice.of(unit=option)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Fp1", "ECG", "Right AUX", "", "E1", "POL X1", "x"]),
            st.sampled_from(["", "EEG", "eeg ", "misc", "n/a"]),
            st.sampled_from(["", "uV", "V", "?", "s"]),
        ),
        min_size=1,
    )
)
def test_every_channel_is_either_kept_or_left_out_and_stays_so(channels: list[tuple[str, str, str]]) -> None:
    """Nothing is lost between both lists, and what came out, sent as types, comes out again."""
    labels, types, units = zip(*channels, strict=True)
    try:
        selection = select_channels(labels, types, units)
    except StreamError:
        return
    assert len(selection.kept) + len(selection.left_out) == len(channels)
    assert len(selection.kept) == len(selection.labels) == len(selection.unit_scale)
    sent = [fate.kind for fate in fates(labels, types, units)]
    assert select_channels(labels, sent, units).kept == selection.kept
