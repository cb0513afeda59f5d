"""One person's recordings are one subject's, however the files are called."""

import pytest

from eegstream.files.subjects import subjects_of
from trainer.data.sources.folder import folder


@pytest.mark.parametrize(
    ("paths", "subjects"),
    [
        ("S001R01.edf S001R02.edf S001R04.edf S002R06.edf", "S001 S001 S001 S002"),
        ("S001/S001R01.edf S002/S002R01.edf", "S001 S002"),
        ("muse_subject103.csv muse_subject104.csv", "subject103 subject104"),
        ("muse/subject0001/session001/recording_2019-01-05.csv", "subject0001"),
        ("Subject00_1.edf Subject00_2.edf Subject01_1.edf", "Subject00 Subject00 Subject01"),
        ("sub-01/eeg/sub-01_task-rest_eeg.edf sub-02/eeg/sub-02_task-rest_eeg.edf", "01 02"),
        ("SC4001E0.edf SC4002E0.edf SC4011E0-PSG.edf", "SC400 SC400 SC401"),
        ("B0101T.gdf B0102T.gdf B0201E.gdf", "B01 B01 B02"),
        ("A01T.gdf A01E.gdf A02T.gdf", "A01 A01 A02"),
        ("chb01_03.edf chb02_03.edf", "chb01 chb02"),
        ("aaaaaaaa_s001_t000.edf aaaaaaaa_s002_t000.edf", "aaaaaaaa aaaaaaaa"),
        ("rest_S01.edf math_S01.edf rest_S02.edf", "S01 S01 S02"),
        ("P01/S02.edf P01/S03.edf", "P01 P01"),
        ("alice/rest.edf bob/rest.edf", "alice bob"),
        ("set/alice/oddball.edf set/bob/oddball.edf", "alice bob"),
        ("alice/session1.edf alice/session2.edf bob/session1.edf", "alice alice bob"),
        ("day1/alice.edf day2/alice.edf day2/bob.edf", "alice alice bob"),
        ("2023-01-05_alice.edf 20230206T1012_alice.edf alice_2023-01-07.edf", "alice alice alice"),
        ("recording_1.edf recording_2.edf", "recording recording"),
        ("01.edf 02.csv.gz", "01 02"),
        ("2023-01-05.edf", "2023"),
    ],
)
def test_subjects_are_told_from_paths(paths: str, subjects: str) -> None:
    """Names as data sets and people use them."""
    assert subjects_of(paths.split()) == subjects.split()


def test_an_expression_of_the_user_wins_over_names(tmp_path) -> None:
    """And only what was told from names is said to be."""
    for name in ("S001R01.edf", "S001R02.edf", "S002R01.edf"):
        (tmp_path / name).touch()
    told = folder(str(tmp_path), {"own": {}})
    assert {who for sets in told.describe().values() for who in sets["own"]} == {"S001", "S002"}
    (line,) = told.subject_lines()
    assert line.startswith("subjects of own are derived from file names, such as S00")
    said = folder(str(tmp_path), {"own": {"subject": r"(R\d+)"}})
    assert {who for sets in said.describe().values() for who in sets["own"]} == {"R01", "R02"}
    assert said.subject_lines() == []
