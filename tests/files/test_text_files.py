"""Text files as programs and people write them have the right rate, channels and times, or are refused in one line."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from eegstream.dsp.channels import channel_type
from eegstream.errors import RecordingError
from eegstream.files.delimited import read_delimited
from eegstream.files.signals import Signals
from tests.files.written import everything

MUSE = ("TP9", "AF7", "AF8", "TP10")
INSIGHT = ("AF3", "T7", "Pz", "T8", "AF4")
START = datetime(2024, 1, 31, 23, 59, 58)
"""Two seconds before a day and a month end."""


def read(text: str | bytes, rate_hz: float | None = None) -> Signals:
    """The one stream of a text."""
    (signals,) = read_delimited(text if isinstance(text, bytes) else text.encode(), "a.csv", rate_hz)
    return signals


def eeg(signals: Signals) -> tuple[str, ...]:
    """Labels of the channels that are EEG, by their stated type or else by their label."""
    pairs = zip(signals.labels, signals.types, strict=True)
    return tuple(label for label, kind in pairs if (kind or channel_type(label)) == "EEG")


def values(n: int, channel: int = 0) -> NDArray[np.float64]:
    """Made-up samples (n,) with three digits behind the point."""
    return np.random.default_rng(channel).normal(0, 20, n).round(3)


def rows(timestamps: Sequence[str], n_channels: int, sep: str = ",", more: str = "") -> list[str]:
    """One line a sample: its timestamp, the channels, and what stands behind them."""
    columns = [values(len(timestamps), channel) for channel in range(n_channels)]
    return [
        sep.join([timestamp, *(f"{column[k]:.3f}" for column in columns)]) + more
        for k, timestamp in enumerate(timestamps)
    ]


def clock(n: int, rate_hz: float, form: str = "%Y-%m-%d %H:%M:%S.%f", cut: int = -3) -> list[str]:
    """Timestamps as text, to the millisecond unless cut elsewhere."""
    timestamps = [f"{START + timedelta(seconds=k / rate_hz):{form}}" for k in range(n)]
    return [timestamp[:cut] if cut else timestamp for timestamp in timestamps]


def said(signals: Signals, text: str) -> bool:
    """Whether a remark says so."""
    return any(text in remark for remark in signals.remarks)


def refusal(text: str | bytes, rate_hz: float | None = None) -> str:
    """The one line of a refusal."""
    with pytest.raises(RecordingError) as caught:
        read(text, rate_hz)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


# Cells


def test_quoted_cells_may_hold_the_separator() -> None:
    """A quoted comma, a doubled quotation mark and a line break inside of quotes shift no column."""
    lines = [f'{k / 128:.4f},"rest, eyes ""shut""",{k}.5' for k in range(300)]
    lines[7] = f'{7 / 128:.4f},"two\nlines",7.5'
    signals = read("\n".join(['time,"note, of the day",Cz', *lines]))
    assert (signals.rate_hz, eeg(signals)) == (128.0, ("Cz",))
    np.testing.assert_array_equal(everything(signals)[0], np.arange(300) + 0.5)


def test_a_quotation_mark_that_is_never_closed_is_refused() -> None:
    """It would swallow all lines behind it."""
    lines = [f"{k / 128:.4f},{k}" for k in range(300)]
    lines[50] = '0.39,"50'
    assert "never closed" in refusal("\n".join(["time,Cz", *lines]))


def test_quoted_decimal_commas_and_thousands() -> None:
    """A quoted comma is the decimal mark, unless other cells have a point: then it parts thousands."""
    comma = read("\n".join(["time,Cz", *(f'"{k},5","{k},25"' for k in range(100))]), rate_hz=250)
    np.testing.assert_array_equal(everything(comma)[0], np.arange(100) + 0.25)
    thousands = read("\n".join(["time,Cz", *(f'{k / 128:.4f},"4,{200 + k}.5"' for k in range(100))]))
    np.testing.assert_array_equal(everything(thousands)[0], 4200.5 + np.arange(100))


@pytest.mark.parametrize("sep", ["\t", "  ", ";", ", ", " ; ", "|"])
def test_separators(sep: str) -> None:
    """Tabs, semicolons, several blanks, blanks around the separator."""
    lines = rows([f"{k / 250:.3f}" for k in range(500)], 2, sep)
    signals = read("\n".join([sep.join(["time", "Fp1", "Cz"]), *lines]))
    assert (signals.rate_hz, signals.labels) == (250.0, ("Fp1", "Cz"))
    np.testing.assert_array_equal(everything(signals)[1], values(500, 1))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(encoding: str) -> None:
    """With a byte order mark or without one, with the line ends of any system."""
    text = "\r\n".join(["time;Fp1 (µV);Größe", *rows([f"{k / 250:.3f}" for k in range(500)], 2, ";")])
    signals = read(text.replace(".", ",").encode(encoding))
    assert (signals.labels, signals.units, signals.rate_hz) == (("Fp1", "Größe"), ("µV", ""), 250.0)
    np.testing.assert_array_equal(everything(signals)[0], values(500))


def test_lines_that_are_no_samples_are_dropped_and_counted() -> None:
    """Events, comments and repeated headers; times of the samples stay as they are."""
    lines = rows([f"{k / 128:.4f}" for k in range(512)], 2, more=",")
    lines[300:300] = ["time,Fp1,Cz,note", "# paused", "2.3400,,,blink", "2.3410,,,,/marker/1", "2.3420,jaw"]
    signals = read("\n".join(["time,Fp1,Cz,note", *lines]))
    assert said(signals, "5 lines that hold no sample")
    assert len(signals.times_s) == 512
    np.testing.assert_array_equal(everything(signals)[0], values(512))


def test_a_sample_without_numbers_stays_where_a_word_stands_in_every_line() -> None:
    """A column of words, such as a condition, makes no event of a missing sample."""
    lines = [f"{k / 128:.4f},{'' if k == 5 else k},rest" for k in range(300)]
    signals = read("\n".join(["time,Cz,condition", *lines]))
    assert np.flatnonzero(np.isnan(everything(signals)[0])).tolist() == [5]


def test_a_line_of_units_below_the_header_is_read() -> None:
    """Its units are those of the columns."""
    lines = rows([f"{4 * k}" for k in range(500)], 2)
    signals = read("\n".join(["time,Fp1,Cz", "ms,mV,uV", *lines]))
    assert (signals.units, signals.rate_hz, signals.remarks) == (("mV", "uV"), 250.0, ())


def test_a_large_file_is_read_in_seconds() -> None:
    """Also where cells are empty or quoted."""
    lines = rows(["x"] * 1000, 16)
    body = "\n".join(line.partition(",")[2] + ',,"a"' for line in lines * 40)
    signals = read(",".join([*(f"C{k}" for k in range(1, 17)), "empty", "note"]) + "\n" + body, rate_hz=250)
    assert len(signals.times_s) == 40_000


# Headers


@pytest.mark.parametrize(
    "above",
    [
        "# fs = 250",
        "# sampling rate: 250 Hz",
        "% Sample Rate = 250,0 Hz",
        "Sampling frequency (Hz): 250",
        "subject,7\nsampling_rate,250",
        "# SamplingRate;0.25 kHz",
        "# srate=250",
        "//rate: 250 Hz",
        "Device sampling rate: 250 samples/second\nBandpass filter: 1-40 Hz",
    ],
)
def test_a_rate_above_the_header_counts(above: str) -> None:
    """However it is written, in a comment or in a line of its own."""
    signals = read("\n".join([above, "Fp1,Cz,Pz", *(f"{k}.1,2.5,{k}.3" for k in range(300))]))
    assert (signals.rate_hz, signals.labels) == (250.0, ("Fp1", "Cz", "Pz"))
    assert len(signals.times_s) == 300


def test_several_rates_are_not_chosen_from() -> None:
    """The timestamps may tell which is meant; else nobody guesses."""
    above = "# sampling rate: 50 Hz (motion)\n# sampling rate: 250 Hz\n"
    body = "\n".join(rows([f"{k / 250:.3f}" for k in range(500)], 2))
    assert read(f"{above}time,Fp1,Cz\n{body}").rate_hz == 250.0
    assert "50 and 250 Hz" in refusal(f"{above}x,Fp1,Cz\n{body}")


def test_a_header_in_a_comment_counts() -> None:
    """As numpy writes one."""
    signals = read("\n".join(["# time,Fp1,Cz", *rows([f"{k / 250:.3f}" for k in range(500)], 2)]))
    assert (signals.labels, signals.rate_hz) == (("Fp1", "Cz"), 250.0)


@pytest.mark.parametrize("index", ["", "index", "Unnamed: 0"])
def test_an_index_is_a_counter(index: str) -> None:
    """A column without a name that only counts is no EEG."""
    lines = [f"{k},{k / 250:.3f},{values(500)[k]:.3f}" for k in range(500)]
    signals = read("\n".join([f"{index},time,Cz", *lines]))
    assert (signals.types[0], eeg(signals)) == ("COUNTER", ("Cz",))


def test_an_index_may_have_no_cell_in_the_header() -> None:
    """As R writes row names."""
    lines = [f'"{k + 1}",{k / 250:.3f},{values(500)[k]:.3f}' for k in range(500)]
    signals = read("\n".join(["time,Cz", *lines]))
    assert (signals.rate_hz, eeg(signals)) == (250.0, ("Cz",))
    np.testing.assert_array_equal(everything(signals)[1], values(500))


# Times

FORMS = {
    "iso": clock(1024, 256),
    "t-zone": [f"{timestamp}+01:00" for timestamp in clock(1024, 256, "%Y-%m-%dT%H:%M:%S.%f")],
    "zulu": [f"{timestamp}Z" for timestamp in clock(1024, 256, "%Y-%m-%dT%H:%M:%S.%f", 0)],
    "slashes": clock(1024, 256, "%Y/%m/%d %H:%M:%S.%f"),
    "day-first": clock(1024, 256, "%d.%m.%Y %H:%M:%S,%f"),
    "month-first": clock(1024, 256, "%m/%d/%Y %H:%M:%S.%f"),
    "month-names": clock(1024, 256, "%d-%b-%Y %H:%M:%S.%f"),
    "short-years": clock(1024, 256, "%d/%m/%y %H:%M:%S.%f"),
    "durations": [f"0 days 00:00:{k / 256:09.6f}" for k in range(1024)],
    "spreadsheet-days": [f"{45000 + k / 256 / 86400:.12f}" for k in range(1024)],
    "time-only": clock(1024, 256, "%H:%M:%S.%f"),
    "half-days": [
        f"{timestamp} {'PM' if k < 512 else 'AM'}" for k, timestamp in enumerate(clock(1024, 256, "%I:%M:%S.%f"))
    ],
    "minutes": clock(1024, 256, "%M:%S.%f", -5),
    "colon-ms": [timestamp[::-1].replace(".", ":", 1)[::-1] for timestamp in clock(1024, 256, "%H:%M:%S.%f")],
    "seconds-1970": [f"{1.7e9 + k / 256:.6f}" for k in range(1024)],
    "ms-1970": [f"{1_700_000_000_000 + round(k / 0.256)}" for k in range(1024)],
    "us-1970": [f"{1_700_000_000_000_000 + round(k / 256e-6)}" for k in range(1024)],
    "ns-1970": [f"{1_700_000_000_000_000_000 + round(k / 256e-9)}" for k in range(1024)],
    "seconds": [f"{k / 256:.6f}" for k in range(1024)],
    "ms": [f"{k / 0.256:.3f}" for k in range(1024)],
    "us": [f"{round(k / 256e-6)}" for k in range(1024)],
    "ns": [f"{round(k / 256e-9)}" for k in range(1024)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["TimeStamp", "datetime", "LocalTime", "unix_timestamp"])
def test_timestamps_of_every_kind(form: str, name: str) -> None:
    """Dates, times of day across midnight, numbers of any unit: the same rate and the same times."""
    sep = ";" if form == "day-first" else ","
    signals = read("\n".join([sep.join([name, "Fp1", "Cz"]), *rows(FORMS[form], 2, sep)]))
    assert signals.rate_hz == 256.0
    assert signals.labels == ("Fp1", "Cz")
    np.testing.assert_allclose(signals.times_s, np.arange(1024) / 256, atol=0.11 if form == "minutes" else 2e-3)


@pytest.mark.parametrize("name", ["time_ms", "Time (ms)", "timestamp [ms]", "elapsed milliseconds", "t_ms"])
def test_a_unit_in_the_name_of_the_time_holds(name: str) -> None:
    """Milliseconds at 1000 Hz look like numbers of samples; the name tells."""
    signals = read("\n".join([f"{name},Cz", *rows([f"{k}" for k in range(3000)], 1)]))
    assert (signals.rate_hz, signals.remarks) == (1000.0, ())


def test_a_time_that_only_counts_has_no_rate() -> None:
    """Samples or milliseconds: the user has to say, and then both work."""
    text = "\n".join(["time,Cz", *rows([f"{k}" for k in range(3000)], 1)])
    assert "counts 0, 1, 2" in refusal(text)
    for rate_hz in (250.0, 1000.0):
        np.testing.assert_allclose(read(text, rate_hz).times_s, np.arange(3000) / rate_hz)


@pytest.mark.parametrize("name", ["T7", "Time:x7", "End Time", "Event Date", "Fp1"])
def test_other_names_are_no_time(name: str) -> None:
    """An electrode, or the time of something else."""
    assert "no time column" in refusal("\n".join([f"{name},Cz", *rows([f"{k / 250:.3f}" for k in range(500)], 1)]))


def test_dates_are_a_time_whatever_their_column_is_called() -> None:
    """Their content tells."""
    signals = read("\n".join(["Aufnahme,Fp1,Cz", *rows(clock(1024, 256), 2)]))
    assert (signals.rate_hz, signals.labels) == (256.0, ("Fp1", "Cz"))


def test_blanks_part_columns_and_dates() -> None:
    """A date and its time are one timestamp."""
    signals = read("\n".join(["datetime Fp1 Cz", *rows(clock(1024, 256), 2, " ")]))
    assert (signals.rate_hz, signals.labels) == (256.0, ("Fp1", "Cz"))


@pytest.mark.parametrize(("burst", "every_s"), [(50, 0.2), (250, 1.0), (500, 2.0)])
@pytest.mark.parametrize("within_s", [0.0, 2e-5])
def test_bursts_of_timestamps_do_not_change_the_rate(burst: int, every_s: float, within_s: float) -> None:
    """Samples that arrive together have the rate of the whole, also with a second of them lost."""
    k = np.arange(5000)
    timestamps = 1.7e9 + k // burst * every_s + k % burst * within_s
    signals = read("\n".join(["time,Cz", *rows([f"{timestamp:.6f}" for timestamp in timestamps], 1)]))
    assert signals.rate_hz == 250.0
    assert not said(signals, "jump forward")
    timestamps[2500:] += 3
    lossy = read("\n".join(["time,Cz", *rows([f"{timestamp:.6f}" for timestamp in timestamps], 1)]))
    assert lossy.rate_hz == 250.0
    assert said(lossy, "jump forward in 1 places, 3 s in all")


def test_timestamps_of_whole_seconds_have_the_rate_of_the_whole() -> None:
    """The first and the last second are cut, and count for nothing."""
    signals = read("\n".join(["time,Cz", *rows(clock(2600, 256, "%H:%M:%S", 0)[70:], 1)]))
    assert signals.rate_hz == 256.0


# Rates


def test_the_users_rate_holds_and_both_are_told() -> None:
    """Over a stated rate and over that of the timestamps."""
    body = rows([f"{k / 250:.3f}" for k in range(500)], 2)
    over_stated = read("\n".join(["# sampling rate: 250 Hz", "x,Fp1,Cz", *body]), 256)
    assert over_stated.rate_hz == 256.0
    assert said(over_stated, "256 Hz as given; the file states 250 Hz")
    over_timestamps = read("\n".join(["time,Fp1,Cz", *body]), 128)
    assert over_timestamps.rate_hz == 128.0
    assert said(over_timestamps, "the timestamps show 250 Hz, the rate is taken as 128 Hz")
    near = read("\n".join(["time,Fp1,Cz", *body]), 252)
    assert said(near, "252 Hz as given; the timestamps show 250 Hz")


def test_a_stated_rate_holds_over_the_timestamps_and_the_difference_is_told() -> None:
    """Timestamps of arrival may be off; the header is not."""
    body = rows([f"{k / 240:.4f}" for k in range(500)], 2)
    signals = read("\n".join(["# fs = 250", "time,Fp1,Cz", *body]))
    assert signals.rate_hz == 250.0
    assert said(signals, "the timestamps show 240 Hz")


def test_too_few_lines_a_second_are_no_eeg() -> None:
    """Band powers every half second, or every hundredth sample."""
    assert "too few for samples" in refusal("\n".join(["time,Cz", *rows(clock(60, 2), 1)]))


# Programs

BANDS = [f"{band}_{site}" for band in ("Delta", "Theta", "Alpha", "Beta", "Gamma") for site in MUSE]
MUSE_STATE = ["Accelerometer_X", "Gyro_X", "HeadBandOn", "HSI_TP9", "Battery", "Elements"]


def mind_monitor(
    rate_hz: float, n: int, sites: Sequence[str] = MUSE, aux: Sequence[str] = ("AUX_RIGHT",), raw: bool = True,
    more: Sequence[str] = (),
) -> str:  # fmt: skip
    """A file of Mind Monitor with a line for the connection and one for each blink."""
    names = ["TimeStamp", *BANDS, *(f"RAW_{site}" for site in sites), *aux, *more, *MUSE_STATE]
    empty = "," * (len(names) - 1)
    lines = [",".join(names), f"2024-01-31 23:59:57.900{empty}/muse/event/connected MuseS-84AC"]
    for k, timestamp in enumerate(clock(n, rate_hz)):
        if k % 200 == 100:
            lines.append(f"{timestamp}{empty}/muse/elements/{'blink' if k % 400 == 100 else 'jaw_clench'}")
        eeg_cells = [f"{800 + values(n, c)[k]:.3f}" if raw else "" for c in range(len(sites))] if n < 50 else []
        eeg_cells = eeg_cells or [f"{800 + (k * (c + 7)) % 50}.5" if raw else "" for c in range(len(sites))]
        cells = ["0.1"] * len(BANDS) + eeg_cells + ["700.0"] * len(aux) + ["58.0"] * len(more)
        lines.append(",".join([timestamp, *cells, "0.01", "1.1", "1", "1.0", "88.5", ""]))
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("aux", [(), ("AUX_RIGHT",), ("RAW_AUX",), ("AUX_1", "AUX_2", "AUX_3", "AUX_4")])
@pytest.mark.parametrize("more", [(), ("Mellow", "Concentration"), ("PPG_IR", "Optics1", "Heart_Rate")])
def test_mind_monitor(aux: Sequence[str], more: Sequence[str]) -> None:
    """Raw columns are EEG, in microvolts; rows of events are no samples."""
    signals = read(mind_monitor(256, 1024, aux=aux, more=more))
    assert (signals.rate_hz, eeg(signals)) == (256.0, tuple(f"RAW_{site}" for site in MUSE))
    assert len(signals.times_s) == 1024
    assert said(signals, "6 lines that hold no sample")
    assert {signals.units[signals.labels.index(f"RAW_{site}")] for site in MUSE} == {"uV"}


def test_mind_monitor_of_2014() -> None:
    """The first Muse has 220 Hz and other sites."""
    signals = read(mind_monitor(220, 900, sites=("TP9", "FP1", "FP2", "TP10")))
    assert (signals.rate_hz, len(eeg(signals))) == (220.0, 4)


@pytest.mark.parametrize("text", [mind_monitor(256, 600, raw=False), mind_monitor(10, 300), mind_monitor(1, 60)])
def test_mind_monitor_without_every_sample_is_refused(text: str) -> None:
    """Band powers alone, and rows at an interval."""
    assert "constant recording interval of 256 Hz" in refusal(text)


EMOTIV = [
    *("Timestamp", "OriginalTimestamp", "EEG.Counter", "EEG.Interpolated"),
    *(f"EEG.{name}" for name in INSIGHT),
    *("EEG.RawCq", "EEG.Battery", "EEG.BatteryPercent", "MarkerIndex", "MarkerType", "MarkerValueInt"),
    *("EEG.MarkerHardware", *(f"CQ.{name}" for name in INSIGHT), "CQ.Overall", "EQ.SampleRateQuality", "EQ.AF3"),
    *("POW.AF3.Theta", "PM.Attention.Scaled", "MOT.AccX", "MOT.GyroX", "MOT.Q0"),
]


def emotiv_rows(n: int, rate_hz: float, names: Sequence[str] = EMOTIV) -> list[str]:
    """Rows under those names; power comes with every 16th."""
    lines = []
    for k in range(n):
        cells = {"Timestamp": f"{1.7e9 + k / rate_hz:.6f}", "EEG.Counter": f"{k % 128}"}
        for c, name in enumerate(INSIGHT):
            cells[f"EEG.{name}"] = f"{4200 + (k * (c + 3)) % 40}.128"
        if k % 16 == 0:
            cells |= {"POW.AF3.Theta": "1.5", "MOT.AccX": "8200"}
        lines.append(",".join(cells.get(name, "") for name in names))
    return lines


@pytest.mark.parametrize(
    ("above", "rate_hz"),
    [
        ("", 128.0),
        ("title:rec,start timestamp:1.7e9,stop timestamp:1.7e9,headset type:INSIGHT2,headset serial:X,"
         "version:3.0,sampling rate:eeg_128;mot_64", 128.0),
        ("title:rec,start timestamp:1.7e9,sampling rate:mot_64;pow_8;eeg_256,samples:9", 256.0),
        ("# Sampling Rate:EEG_128Hz", 128.0),
    ],
)  # fmt: skip
def test_emotivpro(above: str, rate_hz: float) -> None:
    """Columns EEG.<electrode> are EEG, whatever else begins so; the line above has the rate, or the timestamps."""
    text = "\n".join([*filter(None, [above]), ",".join(EMOTIV), *emotiv_rows(640, rate_hz)])
    signals = read(text)
    assert (signals.rate_hz, eeg(signals)) == (rate_hz, tuple(f"EEG.{name}" for name in INSIGHT))
    assert "" not in signals.types
    np.testing.assert_allclose(signals.times_s, np.arange(640) / rate_hz, atol=1e-5)


def test_emotivpro_without_raw_eeg_is_refused() -> None:
    """What a plan without raw EEG exports."""
    names = [name for name in EMOTIV if name not in {f"EEG.{site}" for site in INSIGHT}]
    assert "raw EEG" in refusal("\n".join([",".join(names), *emotiv_rows(640, 128, names)]))


BENCH = "COUNTER INTERPOLATED AF3 T7 Pz T8 AF4 RAW_CQ CQ_AF3 CQ_T7 GYROX GYROY MARKER SYNC TIME_STAMP_s TIME_STAMP_ms"


def bench_rows(n: int) -> list[str]:
    """Rows of 128 Hz, with seconds and milliseconds in two columns."""
    return [
        ", ".join([f"{k % 128}", "0", *(f"{4200 + k % 9}.5" for _ in range(5)), *"1440000", f"{k // 128}",
                   f"{k % 128 / 128 * 1000:.4f}"])
        for k in range(n)
    ]  # fmt: skip


@pytest.mark.parametrize("close", ["", ", chan:16, units:emotiv"])
def test_emotiv_testbench(close: str) -> None:
    """Its names stand in a line of facts, with the rate."""
    above = f"title: rec, recorded: 16.09.11 10.40.19, sampling:128, subject:, labels:{BENCH}{close}"
    signals = read("\n".join([above, *bench_rows(640)]))
    assert (signals.rate_hz, eeg(signals)) == (128.0, INSIGHT)
    np.testing.assert_allclose(signals.times_s, np.arange(640) / 128, atol=1e-6)


def test_emotiv_with_a_header_of_its_own() -> None:
    """As examples of its development kit write it, with a separator at the end."""
    header = ", ".join(f"IED_{name}" for name in BENCH.split()[:-2]) + ", TIMESTAMP,"
    lines = [line.rsplit(", ", 2)[0] + f", {k / 128:.6f}," for k, line in enumerate(bench_rows(640))]
    signals = read("\n".join([header, *lines]))
    assert (signals.rate_hz, eeg(signals)) == (128.0, tuple(f"IED_{name}" for name in INSIGHT))


def openbci(about: Sequence[str], lines: Sequence[str]) -> str:
    """A text of OpenBCI's programs."""
    return "\n".join([*(f"%{line}" for line in about), *lines, ""])


V4 = (
    "First Column = SampleIndex",
    "Last Column = Timestamp ",
    "Other Columns = EEG data in microvolts followed by Aux",
)


@pytest.mark.parametrize(("n_eeg", "rate_hz"), [(8, 250.0), (16, 125.0), (4, 200.0)])
@pytest.mark.parametrize("behind", [["12:00:00.000", "ms"], ["clock"], []])
@pytest.mark.parametrize("counted", [True, False])
def test_openbci_4_has_no_names(n_eeg: int, rate_hz: float, behind: Sequence[str], counted: bool) -> None:
    """First the counter, then the EEG, then motion and one or two of the time."""
    times = clock(400, rate_hz, "%H:%M:%S.%f")
    lines = [
        ", ".join([f"{k % 256}", *(f"{k % 9}.{c:02d}" for c in range(n_eeg)), "0.04", "0.42", "0.24",
                   *(str(1557936053329 + round(1e3 * k / rate_hz)) if each == "ms" else times[k] for each in behind)])
        for k in range(400)
    ]  # fmt: skip
    about = ["OpenBCI Raw EEG Data", f"Number of channels = {n_eeg}" if counted else "", f"Sample Rate = {rate_hz} Hz"]
    signals = read(openbci([*about, *V4], lines))
    assert (signals.rate_hz, len(eeg(signals)), len(signals.times_s)) == (rate_hz, n_eeg, 400)
    assert set(np.array(signals.units)[np.array(signals.types) == "EEG"]) == {"uV"}
    np.testing.assert_allclose(signals.times_s, np.arange(400) / rate_hz, atol=1e-3)
    assert signals.remarks == ()


def test_openbci_of_a_country_with_decimal_commas() -> None:
    """A comma alone is the decimal mark, a comma and a blank part columns."""
    lines = [
        ", ".join([f"{k % 256}", *(f"-1875{k % 9},{c:02d}" for c in range(8)), "0,00", "-0,01", "0,50"])
        for k in range(400)
    ]
    signals = read(openbci(["OpenBCI Raw EEG Data", "Sample Rate = 250,0 Hz", *V4], lines))
    assert (signals.rate_hz, len(eeg(signals))) == (250.0, 8)
    np.testing.assert_allclose(everything(signals)[3][:3], [-18750.02, -18751.02, -18752.02])


@pytest.mark.parametrize(
    ("board", "n_eeg", "rate_hz", "n_columns"),
    [("BoardCytonSerial", 8, 250, 24), ("BoardCytonSerialDaisy", 16, 125, 32), ("BoardGanglionBLE", 4, 200, 15),
     ("BoardBrainFlowSynthetic", 16, 250, 32)],
)  # fmt: skip
def test_openbci_5_without_names(board: str, n_eeg: int, rate_hz: int, n_columns: int) -> None:
    """The number of channels stands above; a first line of zeros is no sample."""
    others = ["0.0"] * (n_columns - n_eeg - 3)
    lines = [",".join(["0.0"] * n_columns)]
    lines += [
        ", ".join([f"{k % 256}", *(f"{k % 9}.{c:02d}" for c in range(n_eeg)), *others,
                   f"{1557936053329 + round(1e3 * k / rate_hz)}", "12:00:00.000"])
        for k in range(400)
    ]  # fmt: skip
    about = [f"Number of channels = {n_eeg}", f"Sample Rate = {rate_hz} Hz", f"Board = OpenBCI_GUI${board}"]
    signals = read(openbci(["OpenBCI Raw EEG Data", *about], lines))
    assert (signals.rate_hz, len(eeg(signals)), len(signals.times_s)) == (rate_hz, n_eeg, 400)
    assert signals.remarks == ("the first line holds only zeros and was dropped",)


NAMES_6 = (
    "Sample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Not Used, Digital Channel 0 (D11), Analog Channel 0, "
    "Timestamp, Marker Channel, Timestamp (Formatted)"
)


@pytest.mark.parametrize("strip", [False, True])
def test_openbci_6_with_names(strip: bool) -> None:
    """With the lines above or without them; a Daisy's rows count by two."""
    lines = [
        f"{2 * k % 256}, {k}.5, 2.5, 0.1, 0, 0, 0, {1.7e9 + k / 125:.6f}, 0, 2024-01-01 10:00:00.000"
        for k in range(400)
    ]
    about = [] if strip else ["OpenBCI Raw EXG Data", "Number of channels = 2", "Sample Rate = 125 Hz"]
    signals = read(openbci(about, [NAMES_6, *lines]))
    assert (signals.rate_hz, eeg(signals)) == (125.0, ("EXG Channel 0", "EXG Channel 1"))
    assert signals.types == ("COUNTER", "EEG", "EEG", "ACC", "MISC", "AUX", "AUX", "MARKER")
    assert signals.remarks == ()


def sd_card(hexadecimal: bool) -> list[str]:
    """Rows of the board's SD card: motion in every tenth."""
    cells = [f"{number:06X}" if hexadecimal else f"{number}.25" for number in range(0xFFE5D0, 0xFFE5D8)]
    motion = ["0F10", "0E20", "3D00"] if hexadecimal else ["0.1", "0.9", "0.4"]
    return [
        ",".join([f"{k % 256:02X}" if hexadecimal else f"{k % 256}", *cells, *(motion if k % 10 == 8 else [])])
        for k in range(400)
    ]


def test_openbci_sd_cards_are_refused_by_name() -> None:
    """The gain of their counts is not known; the GUI converts them."""
    for lines in (sd_card(hexadecimal=True), ["%STOP AT", "00000A3F", *sd_card(hexadecimal=True)], sd_card(False)):
        assert "OpenBCI's SD card" in refusal("\n".join(lines), 250)


def test_openbci_sd_card_converted_by_the_gui() -> None:
    """Rows may end behind the EEG."""
    about = ["OBCI SD Convert - 2020-01-01", "", "Sample Rate = 250.0 Hz", "First Column = SampleIndex"]
    signals = read(openbci(about, sd_card(hexadecimal=False)))
    assert (signals.rate_hz, len(eeg(signals)), len(signals.times_s)) == (250.0, 8, 400)
    assert signals.remarks == ()


def test_brainflow_needs_the_header_that_its_refusal_asks_for() -> None:
    """With it, the same rows are read."""
    sites = ("Fp1", "Fp2", "C3", "C4")
    lines = rows([f"{k % 256}" for k in range(500)], 4, "\t")
    lines = [f"{line}\t0\t0\t192\t{1.7e9 + k / 200:.6f}\t0" for k, line in enumerate(lines)]
    message = refusal("\n".join(lines), 200)
    assert "Put a header line on top, 10 names separated by tabs" in message
    header = "\t".join(["Sample Index", *sites, *(f"Unused {k}" for k in range(1, 4)), "Timestamp", "Marker"])
    signals = read("\n".join([header, *lines]))
    assert (signals.rate_hz, eeg(signals)) == (200.0, sites)


def test_openvibe() -> None:
    """The rate stands in the name of the time; events are no channels."""
    lines = rows([f"{k / 512:.10f},{k // 32}" for k in range(1024)], 2, more=",,,")
    lines[7] = lines[7][:-3] + ",33025:33026,0.0136:0.0136,0:0"
    signals = read("\n".join(["Time:512Hz,Epoch,Fp1,Cz,Event Id,Event Date,Event Duration", *lines]))
    assert (signals.rate_hz, eeg(signals)) == (512.0, ("Fp1", "Cz"))
    spectrum = "\n".join(
        ["Time:2,End Time,Cz,Pz,Event Id,Event Date,Event Duration", *rows(["0.5,1"] * 99, 2, more=",,,")]
    )
    assert "expected a signal" in refusal(spectrum)


def test_openvibe_of_old() -> None:
    """Semicolons; the rate stands in the first row of the last column."""
    lines = [
        f"{line};{'512' if k == 0 else ''}"
        for k, line in enumerate(rows([f"{k / 512:.6f}" for k in range(999)], 2, ";"))
    ]
    signals = read("\n".join(["Time (s);Fp1;Cz;Sampling Rate", *lines]))
    assert (signals.rate_hz, eeg(signals)) == (512.0, ("Fp1", "Cz"))


UNICORN = [
    *(f"EEG {number}" for number in range(1, 9)),
    *("Accelerometer X", "Accelerometer Y", "Accelerometer Z", "Gyroscope X", "Gyroscope Y", "Gyroscope Z"),
    *("Battery Level", "Counter", "Validation Indicator"),
]


@pytest.mark.parametrize("names", [UNICORN, ["FZ", "C3", "CZ", "C4", "PZ", "PO7", "OZ", "PO8", *UNICORN[8:]]])
def test_unicorn(names: Sequence[str]) -> None:
    """Its only rate needs no telling; lost samples show in its counter."""
    counter = [*range(63513, 63813), *range(63815, 64000)]
    lines = [
        ",".join([*(f"{k % 7}.5" for _ in range(14)), "100.0", f"{c}.000", "1.000"]) for k, c in enumerate(counter)
    ]
    text = "\n".join([",".join(names), *lines])
    signals = read(text)
    assert (signals.rate_hz, eeg(signals)) == (250.0, tuple(names[:8]))
    assert said(signals, "taken as 250 Hz, the only one of Unicorn Recorder")
    assert said(signals, "at least 2 samples were lost")
    assert read(text, 250).rate_hz == 250.0


@pytest.mark.parametrize(
    "names", ["timestamps,TP9,AF7,AF8,TP10,Right AUX", "time,EEG_TP9,EEG_AF7,EEG_AF8,EEG_TP10,AUX_1"]
)
def test_muse_recorders(names: str) -> None:
    """The spare electrode is no EEG; timestamps of twelve samples at once make 256 Hz."""
    timestamps = [f"{1.7e9 + k // 12 * 12 / 256:.3f}" for k in range(1536)]
    signals = read("\n".join([names, *rows(timestamps, 5)]))
    assert (signals.rate_hz, eeg(signals)) == (256.0, tuple(names.split(",")[1:5]))


def test_eeglab_exports() -> None:
    """Milliseconds under the name of Time; a line a channel is refused with the switch to set."""
    signals = read("\n".join(["Time\tFp1\tCz", *rows([f"{k / 0.256:.4f}" for k in range(999)], 2, "\t")]))
    assert (signals.rate_hz, signals.labels) == (256.0, ("Fp1", "Cz"))
    across = ["\t".join(["", *(f"{4 * k}.0" for k in range(300))])]
    across += ["\t".join([site, *(f"{v:.3f}" for v in values(300, c))]) for c, site in enumerate(MUSE)]
    for text in ("\n".join(across), "\n".join(across[1:])):
        assert "transpose" in refusal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\n", "holds no line of text"),
        ("time,Fp1,Cz\n", "0 lines of samples below its header"),
        ("# sampling rate: 250 Hz\ntime,Fp1,Cz\n", "0 lines of samples below its header"),
        ("Dear colleague, here is\nthe recording that you asked for.\nBest wishes, A.\n", ""),
        ("1,2,3\n" * 50, "begins with numbers, expected a header line"),
        ("time,Cz\n" + "1,2\n" * 50, "does not run forward"),
        ("time,Fp1,Cz\n" + "1,5,2,5,3,5\n" * 50, "6 cells in most lines, its header has 3"),
        ('{"a": [1, 2, 3],\n "b": 4}\n', ""),
        ("<html>\n<body>404</body>\n</html>\n", ""),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(text: str, message: str) -> None:
    """With its cause, and with what to do."""
    assert message in refusal(text)


def test_the_name_of_the_remedy_works_for_timestamps_that_stand_still() -> None:
    """With --rate the samples are counted."""
    text = "time,Cz\n" + "1,2\n" * 50
    assert read(text, 250).rate_hz == 250.0


def test_bursts_of_any_size_have_the_rate_of_the_whole() -> None:
    """As an app receives them: 12 to 48 samples at once, each burst timestamped when it comes."""
    sizes = np.random.default_rng(3).choice([12, 12, 24, 48], 200)
    timestamps = np.repeat(np.cumsum(sizes) / 256, sizes)
    text = [f"{START + timedelta(seconds=timestamp):%Y-%m-%d %H:%M:%S.%f}"[:-3] for timestamp in timestamps]
    assert read("\n".join(["TimeStamp,Fp1,Cz", *rows(text, 2)])).rate_hz == 256.0


def test_rows_may_end_before_the_column_of_markers() -> None:
    """Receivers of a Muse's messages write the marker only where there is one."""
    lines = rows(clock(1024, 256), 5)
    lines[300:300] = [f"{clock(301, 256)[300]},,,,/Marker/1"]
    signals = read("\n".join(["TimeStamp,RAW_TP9,RAW_AF7,RAW_AF8,RAW_TP10,AUX,Marker", *lines]))
    assert (signals.rate_hz, len(eeg(signals)), len(signals.times_s)) == (256.0, 4, 1024)
    assert said(signals, "1 lines that hold no sample")


def test_a_rate_that_the_device_does_not_have_is_told() -> None:
    """The user's rate holds all the same."""
    lines = [",".join(["1.5"] * 15 + [f"{k}", "1"]) for k in range(300)]
    signals = read("\n".join([",".join(UNICORN), *lines]), 500)
    assert signals.rate_hz == 500.0
    assert said(signals, "500 Hz as given; Unicorn Recorder states 250 Hz")


@pytest.mark.parametrize(("header", "more"), [("time,Fp1,Cz,", ","), ("time,Fp1,Cz,", ""), ("time,Fp1,Cz", ",")])
def test_a_separator_at_the_end_makes_no_channel(header: str, more: str) -> None:
    """In the header, in the rows, in both."""
    signals = read("\n".join([header, *rows([f"{k / 250:.3f}" for k in range(500)], 2, more=more)]))
    assert (signals.labels, signals.remarks) == (("Fp1", "Cz"), ())


def test_times_of_an_unknown_form_are_shown() -> None:
    """With the form that is known; --rate works too."""
    text = "\n".join(["time,Cz", *rows([f"tick {k}" for k in range(300)], 1)])
    assert "such as 'tick 0'. Write them as 2024-01-31 10:00:00.123" in refusal(text)
    assert read(text, 250).labels == ("Cz",)


def test_a_title_above_the_header_is_no_header() -> None:
    """Though it has nearly as many cells."""
    lines = rows([f"{k / 250:.3f}" for k in range(500)], 2, "\t")
    signals = read("\n".join(["My recording\t2024", "Subject\tA", "time\tFp1\tCz", *lines]))
    assert (signals.labels, signals.rate_hz) == (("Fp1", "Cz"), 250.0)
