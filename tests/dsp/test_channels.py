"""Which channels are EEG, and in what unit they come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.dsp.channels import NOT_EEG, channel_type, printable_label, select_channels, unit_scale
from eegstream.errors import ConfigError, StreamError

UNITS = {
    1e6: ["V", "v", "volt", "Volts", " V ", "0"],
    1e3: ["mV", "MV", "millivolt", "Millivolts", "-3"],
    1.0: ["uV", "UV", "\u00b5V", "\u03bcV", "microvolts", "MicroVolt", "-6"],
    1e-3: ["nV", "nanovolt", "NanoVolts", "-9"],
}


@pytest.mark.parametrize(("scale", "unit"), [(scale, unit) for scale, units in UNITS.items() for unit in units])
def test_known_units_scale_to_microvolts(scale: float, unit: str) -> None:
    """Every spelling of the contract's table has its factor."""
    assert unit_scale(unit) == scale


@pytest.mark.parametrize("unit", ["", " ", "a.u.", "ADC", "T", "Boolean", "-12", "kV", "uV/s"])
def test_other_units_are_unknown(unit: str) -> None:
    """What is not in the table has no factor: none is guessed."""
    assert unit_scale(unit) is None


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
        ("EEG ECG-Ref", "ECG"),
        ("ekg1", "ECG"),
        ("EOG horizontal", "EOG"),
        ("VEOGo", "EOG"),
        ("EMG submental", "EMG"),
        ("Resp oro-nasal", "RESP"),
        ("Temp rectal", "TEMP"),
        ("Event marker", "EVENT"),
        ("STI 014", "STI"),
        ("Status", "STATUS"),
        ("Trigger", "TRIG"),
        ("acc1", "ACC"),
        ("Accel Channel 0", "ACC"),
        ("GYRO_X", "GYR"),
        ("EXG1", "AUX"),
        ("Right AUX", "AUX"),
        ("AUX_RIGHT", "AUX"),
        ("Marker0", "MARKER"),
        ("Ergo-Left", "MISC"),
        ("Sample Index", "COUNTER"),
        ("EDF Annotations", "MARKER"),
    ],
)
def test_labels_decide_where_no_type_is_stated(label: str, kind: str) -> None:
    """A label that starts with another signal's name is no EEG; every other one is."""
    assert channel_type(label) == kind


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_no_electrode_is_mistaken_for_another_signal() -> None:
    """No electrode of any montage that MNE-Python knows, all of 10-05 among them, starts with a word of the list."""
    mne = pytest.importorskip("mne", reason="the montages come with MNE-Python")
    montages = mne.channels.get_builtin_montages()
    names = {name for montage in montages for name in mne.channels.make_standard_montage(montage).ch_names}
    assert {"Fp1", "AFp9", "TPP8h", "Iz", "CPz", "POO10h"} <= names
    assert {name for name in names if channel_type(name) != "EEG"} == set()


@given(word=st.sampled_from(sorted(NOT_EEG)), tail=st.text("abc123 _", max_size=5), lower=st.booleans())
def test_every_word_of_the_list_counts_in_any_case(word: str, tail: str, lower: bool) -> None:
    """Case, a leading "EEG", dots and the reference do not hide a word."""
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


def test_types_stated_decide_before_labels() -> None:
    """EEG in any case is kept; another stated type is left out; a missing one leaves it to the label."""
    selection = select_channels(["ECG", "Fp1", "EOG", "Cz"], ["eeg", "misc", "", ""], ["uV"] * 4)
    assert selection.kept == (0, 3)
    assert selection.labels == ("ECG", "Cz")
    assert [(out.label, out.why) for out in selection.left_out] == [("Fp1", "type MISC"), ("EOG", "type EOG")]
    np.testing.assert_array_equal(selection.unit_scale, [1.0, 1.0])
    assert selection.notes == ()


def test_a_source_without_eeg_is_refused() -> None:
    """No kept channel is an error that names what was there."""
    with pytest.raises(StreamError, match=r"none of the 2 channels is EEG \(ECG, x\)"):
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


def test_the_unit_option_holds_where_nothing_is_stated() -> None:
    """`--unit mV` fills in; `--unit mV!` overrides; both are noted."""
    filled = select_channels(["a", "b"], ["", ""], ["V", ""], "mV")
    np.testing.assert_array_equal(filled.unit_scale, [1e6, 1e3])
    assert filled.notes == ("no unit stated: mV as --unit says for b",)
    forced = select_channels(["a", "b"], ["", ""], ["V", ""], "mV!")
    np.testing.assert_array_equal(forced.unit_scale, [1e3, 1e3])
    assert "unit 'V' overridden: mV as --unit says for a" in forced.notes


@pytest.mark.parametrize("option", ["furlong", "!", "uV!!"])
def test_an_unknown_unit_option_is_a_wrong_setting(option: str) -> None:
    """The error names the units that are known."""
    with pytest.raises(ConfigError, match="microvolts"):
        select_channels(["a"], [""], [""], option)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Fp1", "ECG", "Right AUX", ""]),
            st.sampled_from(["", "EEG", "eeg ", "misc"]),
            st.sampled_from(["", "uV", "V", "?"]),
        ),
        min_size=1,
    )
)
def test_every_channel_is_either_kept_or_left_out(channels: list[tuple[str, str, str]]) -> None:
    """Nothing is lost between both lists, and the result depends on nothing but the input."""
    labels, types, units = zip(*channels, strict=True)
    try:
        selection = select_channels(labels, types, units)
    except StreamError:
        return
    assert len(selection.kept) + len(selection.left_out) == len(channels)
    assert len(selection.kept) == len(selection.labels) == len(selection.unit_scale)
    again = select_channels(labels, types, units)
    assert (again.kept, again.notes) == (selection.kept, selection.notes)
