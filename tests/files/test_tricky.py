"""Damaged and odd files give a right recording, said to be odd, or one clear line; never a wrong signal."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from eegstream.errors import RecordingError
from eegstream.files.recordings import read_recording


@dataclass(frozen=True)
class Opens:
    """A file that is read: its channels (all, EEG), samples, rate, and what a remark says ("" if none)."""

    n_channels: int
    n_eeg: int
    n_samples: int
    rate_hz: float
    remark: str = ""


@dataclass(frozen=True)
class Refused:
    """A file that is not: words of the message."""

    message: str


REFERENCE = Opens(8, 8, 1920, 160.0)
"""edf_ok_reference.edf, and what is the same recording behind an odd header."""

MUSE = Opens(6, 4, 1536, 256.0)
EMPTY = Refused(r"is empty \(0 bytes\)")


def reference_but(remark: str) -> Opens:
    """The reference's shape with a remark."""
    return Opens(8, 8, 1920, 160.0, remark)


OUTCOMES: dict[str, Opens | Refused] = {
    "EDF_UPPERCASE.EDF": REFERENCE,
    "bdf_no_subject_speedmode0.bdf": Opens(2, 1, 6144, 2048.0, "flat"),
    "bdf_truncated.bdf": Opens(19, 12, 1125, 125.0, "states 10 records, the file has 9 whole ones"),
    "bdf_with_status.bdf": Opens(4, 3, 5000, 500.0),
    "bv_latin1/test_old_layout_latin1_software_filter.vhdr": Opens(29, 25, 251, 250.0, "of unknown length"),
    "bv_missing_eeg/rec.vhdr": Refused(r"names rec\.eeg as its file of samples, which cannot be read"),
    "bv_odd_length/rec.vhdr": Opens(2, 2, 10000, 1000.0, "truncated: the last 1 bytes"),
    "csv_header_only.csv": Refused("0 lines of samples below its header"),
    "csv_missing_nan_inf.csv": Opens(6, 4, 1536, 256.0, "missing or not finite"),
    "csv_no_header.csv": Refused("begins with numbers, expected a header line"),
    "csv_not_eeg_subject_info.csv": Refused("no time column .* --rate"),
    "csv_ragged.csv": Opens(6, 4, 1536, 256.0, "2 lines have too few or too many cells"),
    "csv_semicolon_decimal_comma.csv": MUSE,
    "csv_time_gap_repeat_back.csv": Opens(6, 4, 1036, 256.0, "run backwards in 2 places"),
    "csv_truncated_line.csv": Opens(6, 4, 1535, 256.0, "last line is unfinished"),
    "csv_utf16.csv": MUSE,
    "csv_utf8_bom_crlf.csv": MUSE,
    "edf_all_flat.edf": reference_but("flat"),
    "edf_annotations_only.edf": Refused("annotations only"),
    "edf_crlf_real.edf": Refused("line-end conversion"),
    "edf_crlf_small.edf": Refused("line-end conversion"),
    "edf_duplicate_labels.edf": Opens(3, 3, 2500, 250.0),
    "edf_flat_saturated.edf": REFERENCE,
    "edf_gzip.edf.gz": REFERENCE,
    "edf_hdr_bad_date.edf": reference_but("99.99.99 99.99.99 is not a date"),
    "edf_hdr_bad_version.edf": reference_but("version field says '1'"),
    "edf_hdr_channels_0.edf": Refused("states 0 signals"),
    "edf_hdr_channels_9999.edf": Refused("states 9999 signals, whose header takes 2560000 bytes, but has 35200"),
    "edf_hdr_decimal_comma.edf": reference_but("decimal comma"),
    "edf_hdr_digital_equal.edf": Opens(7, 7, 1920, 160.0, r"Fp1. was left out: its digital minimum equals"),
    "edf_hdr_duration_0.edf": Refused("sampling rate is unknown. Give the rate with --rate"),
    "edf_hdr_duration_comma.edf": reference_but("decimal comma"),
    "edf_hdr_nbytes_wrong.edf": reference_but("length field says 512, expected 2560"),
    "edf_hdr_nrec_huge.edf": reference_but("states 99999999 records, the file has 12 whole ones"),
    "edf_hdr_nrec_minus1.edf": REFERENCE,
    "edf_hdr_nrec_text.edf": reference_but("number of records says"),
    "edf_hdr_physical_equal.edf": Opens(7, 7, 1920, 160.0, r"Fp1. was left out: its physical minimum equals"),
    "edf_hdr_physical_swapped.edf": REFERENCE,
    "edf_hdr_spr_huge.edf": Refused("expected at least one record of 200002398 bytes"),
    "edf_hdr_spr_zero.edf": Refused("states 0 samples a record for 'Fp1.'"),
    "edf_mixed_rates.edf": Opens(3, 2, 6000, 100.0, "channels of another rate than the EEG's 100 Hz were left out"),
    "edf_names_cp1251.edf": reference_but("outside ASCII"),
    "edf_names_latin1.edf": reference_but("outside ASCII"),
    "edf_names_odd.edf": Opens(8, 7, 1920, 160.0),
    "edf_names_utf8.edf": reference_but("outside ASCII"),
    "edf_ok_reference.edf": REFERENCE,
    "edf_plusC_lies_about_gaps.edf": Opens(8, 8, 1120, 160.0, r"2 holes .* although the header says EDF\+C"),
    "edf_plusD_gaps.edf": Opens(8, 8, 1120, 160.0, "2 holes between records, 5 s in all, are kept"),
    "edf_subsecond_start.edf": Opens(1, 1, 15360, 128.0),
    "edf_truncated_256.edf": Refused("Get the whole file"),
    "edf_truncated_data.edf": Opens(8, 8, 1120, 160.0, "states 12 records, the file has 7 whole ones"),
    "edf_truncated_header.edf": Refused("Get the whole file"),
    "edf_uneven_rates_synthetic.edf": Opens(1, 1, 11000, 100.0, r"0.2Hz Blk 1/0uV \(12.8 Hz\)"),
    "edf_units_V.edf": REFERENCE,
    "edf_units_mV.edf": REFERENCE,
    "edf_units_micro_latin1.edf": REFERENCE,
    "edf_units_micro_utf8.edf": REFERENCE,
    "edf_units_mixed.edf": REFERENCE,
    "edf_units_nV.edf": REFERENCE,
    "edf_units_none.edf": REFERENCE,
    "edf_units_unknown.edf": REFERENCE,
    "edf_units_wrong_mV.edf": REFERENCE,
    "edf_utf8_mangled_real.edf": Refused("reading it as UTF-8 text"),
    "fif_nan_inf_raw.fif": Opens(2, 2, 4001, 200.0, "540 samples of EEG channels are missing or not finite"),
    "fif_truncated_raw.fif": Refused("cannot be read as FIF"),
    "gdf_units_off_by_1000.gdf": Opens(8, 8, 2560, 256.0, "truncated"),
    "noext_edf": REFERENCE,
    "only_nul.edf": Refused("not a recording in a known format"),
    "set_missing_fdt/eeglab_data.set": Refused("cannot be read as EEGLAB"),
    "wrongext_bdf_named.edf": Opens(19, 12, 1250, 125.0),
    "wrongext_csv_named.edf": MUSE,
    "wrongext_edf_named.bdf": REFERENCE,
    "wrongext_edf_named.csv": Opens(8, 8, 960, 160.0, "states 12 records, the file has 6 whole ones"),
    "wrongext_gzip_named.edf": REFERENCE,
    "xdf_bad_magic.xdf": Refused("not a recording in a known format"),
    "xdf_clock_resets.xdf": Opens(8, 8, 27815, 100.0, "run backwards in 1 places"),
    "xdf_empty_stream_real.xdf": Opens(5, 4, 2688, 256.0),
    "xdf_empty_streams.xdf": Refused("no stream of type EEG"),
    "xdf_truncated.xdf": Opens(16, 16, 1312, 160.0, "truncated: the stream has no end"),
    "zero_byte.bdf": EMPTY,
    "zero_byte.csv": EMPTY,
    "zero_byte.edf": EMPTY,
    "zero_byte.fif": EMPTY,
    "zero_byte.vhdr": EMPTY,
    "zero_byte.xdf": EMPTY,
}

COMPANIONS = {"DATA.md", "rec.vmrk", "rec.eeg", "test_old_layout_latin1_software_filter.eeg"} | {
    "test_old_layout_latin1_software_filter.vmrk"
}


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_outcome(tricky: Path, name: str) -> None:
    """Each file is read as it should be, or refused in one line that says what to do."""
    outcome = OUTCOMES[name]
    if isinstance(outcome, Refused):
        with pytest.raises(RecordingError, match=outcome.message) as caught:
            read_recording(tricky / name)
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
        return
    recording = read_recording(tricky / name)
    n_eeg = recording.types.count("EEG")
    found = (*recording.samples.shape, n_eeg, recording.rate_hz)
    assert found == (outcome.n_channels, outcome.n_samples, outcome.n_eeg, outcome.rate_hz)
    assert all(label and label.isprintable() for label in recording.labels)
    if outcome.remark:
        assert any(re.search(outcome.remark, remark) for remark in recording.remarks), recording.remarks
    else:
        assert recording.remarks == ()


def test_the_table_names_every_file(tricky: Path) -> None:
    """A new damaged file needs an expected outcome here."""
    files = {str(path.relative_to(tricky)) for path in tricky.rglob("*") if path.is_file()}
    assert {name for name in files if Path(name).name not in COMPANIONS} == set(OUTCOMES)


OTHER_NUMBERS = {"edf_units_wrong_mV.edf", "edf_flat_saturated.edf", "edf_hdr_physical_swapped.edf"}
"""Of the reference's shape, but with samples changed on purpose."""


@pytest.mark.parametrize(
    "name", [name for name, outcome in OUTCOMES.items() if outcome == REFERENCE and name not in OTHER_NUMBERS]
)
def test_same_signal_behind_an_odd_header(tricky: Path, name: str) -> None:
    """Every variant of the reference holds its signal, within what its header's digits allow."""
    expected = read_recording(tricky / "edf_ok_reference.edf")
    recording = read_recording(tricky / name)
    # Volts have five digits in an EDF header: the range of +-8092 reads -8090, which is 0.02 % and 1 µV at the middle.
    np.testing.assert_allclose(recording.samples, expected.samples, rtol=2.5e-4, atol=1.1)
    assert set(recording.units) <= {"microvolts", "", "a.u."}
    np.testing.assert_array_equal(recording.times_s, expected.times_s)


@pytest.mark.parametrize("name", ["edf_units_mV.edf", "edf_units_nV.edf", "edf_units_micro_latin1.edf", "noext_edf"])
def test_exact_variants_are_equal_to_the_bit_of_float32(tricky: Path, name: str) -> None:
    """Where the header's digits suffice, the unit leaves no trace."""
    expected = read_recording(tricky / "edf_ok_reference.edf")
    np.testing.assert_array_max_ulp(read_recording(tricky / name).samples, expected.samples, maxulp=1)


def test_swapped_range_turns_the_sign(tricky: Path) -> None:
    """A negative gain is legal: channel 1 is upside down, the others are as ever."""
    expected = read_recording(tricky / "edf_ok_reference.edf").samples
    samples = read_recording(tricky / "edf_hdr_physical_swapped.edf").samples
    np.testing.assert_allclose(samples[0], -expected[0], atol=1e-3)
    np.testing.assert_array_equal(samples[1:], expected[1:])


@pytest.mark.parametrize("name", ["edf_hdr_digital_equal.edf", "edf_hdr_physical_equal.edf"])
def test_what_cannot_be_scaled_is_left_out_alone(tricky: Path, name: str) -> None:
    """The other channels are those of the reference."""
    expected = read_recording(tricky / "edf_ok_reference.edf")
    recording = read_recording(tricky / name)
    assert recording.labels == expected.labels[1:]
    np.testing.assert_array_equal(recording.samples, expected.samples[1:])


@pytest.mark.parametrize("name", ["edf_plusD_gaps.edf", "edf_plusC_lies_about_gaps.edf"])
def test_holes_lie_where_the_records_were_taken_out(tricky: Path, name: str) -> None:
    """Records 4-6 and 9-10 are missing: 3 s and 2 s, and every other sample keeps its time and value."""
    expected = read_recording(tricky / "edf_ok_reference.edf")
    recording = read_recording(tricky / name)
    steps_s = np.diff(recording.times_s)
    np.testing.assert_allclose(steps_s[steps_s > 0.1], [3 + 1 / 160, 2 + 1 / 160])
    positions = np.round(recording.times_s * 160).astype(int)
    np.testing.assert_allclose(recording.times_s, positions / 160, atol=1e-12)
    np.testing.assert_array_equal(recording.samples, expected.samples[:, positions])


def test_truncated_data_is_the_beginning_of_the_whole(tricky: Path) -> None:
    """What is left of a cut file is unshifted."""
    expected = read_recording(tricky / "edf_ok_reference.edf")
    recording = read_recording(tricky / "edf_truncated_data.edf")
    np.testing.assert_array_equal(recording.samples, expected.samples[:, :1120])


def test_duration_0_opens_once_the_rate_is_given(tricky: Path) -> None:
    """`--rate` supplies what the header lacks."""
    recording = read_recording(tricky / "edf_hdr_duration_0.edf", rate_hz=160)
    expected = read_recording(tricky / "edf_ok_reference.edf")
    assert recording.rate_hz == 160.0
    np.testing.assert_array_equal(recording.samples, expected.samples)
    np.testing.assert_array_equal(recording.times_s, expected.times_s)


@pytest.mark.parametrize(
    "name", ["csv_semicolon_decimal_comma.csv", "csv_utf16.csv", "csv_utf8_bom_crlf.csv", "wrongext_csv_named.edf"]
)
def test_csv_variants_are_the_same_recording(tricky: Path, dev: Path, name: str) -> None:
    """The first 6 s of the Muse recording they were made from."""
    expected = read_recording(dev / "muse" / "muse_subject103.csv")
    recording = read_recording(tricky / name)
    assert recording.labels == expected.labels
    np.testing.assert_array_equal(recording.samples, expected.samples[:, :1536])
    np.testing.assert_allclose(recording.times_s, expected.times_s[:1536], atol=1e-9)


def test_ragged_lines_shift_nothing(tricky: Path, dev: Path) -> None:
    """Two lines are missing samples; all others are those of the recording they come from."""
    expected = read_recording(dev / "muse" / "muse_subject103.csv").samples[:4, :1536]
    samples = read_recording(tricky / "csv_ragged.csv").samples[:4]
    lost = np.isnan(samples).all(axis=0)
    assert np.flatnonzero(lost).tolist() == [499, 500]
    np.testing.assert_array_equal(samples[:, ~lost], expected[:, ~lost])
