"""Anybody's loaders drop in; what is wrong with their batches is said in one line, before anything is trained."""

import re

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from eegstream.errors import ConfigError
from tests.trainer.conftest import Run
from trainer.data.loader_datamodule import USUAL_RATES_HZ, LoaderDataModule, as_batch, dummy_loader
from trainer.hydra_app import CONFIGS

PATCHES = torch.zeros(4, 32, dtype=torch.float64)
EEG_UV = 20 * torch.randn(64, 32, generator=torch.Generator().manual_seed(1))


def of(patches, rates_hz=None, **settings) -> LoaderDataModule:
    """The door, with one loader for both sides."""
    parts = (patches,) if rates_hz is None else (patches, rates_hz)
    loader = DataLoader(TensorDataset(*parts), 64)
    return LoaderDataModule(loader, loader, 32, 64, **settings)


def rates(hz) -> torch.Tensor:
    return torch.full((64, 1), hz)


def test_patches_alone_and_with_rates():
    """Both forms of a batch, in single precision."""
    for batch in (PATCHES, [PATCHES], (PATCHES, torch.full((4, 1), 500))):
        patches, rates_hz = as_batch(batch, 32, needs_rates=False)
        assert patches.dtype == rates_hz.dtype == torch.float32
        assert rates_hz.shape == (4, 1)
    assert rates_hz.unique().tolist() == [500.0]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(4, 31), r"patches of \(4, 31\), expected a tensor \[batch_size, 32\]\. Set model\.patch_size=31"),
        (torch.zeros(4, 3, 32), r"\(4, 3, 32\).*give patches\.reshape\(-1, 32\)"),
        (torch.zeros(32, 5), r"\(32, 5\).*transposed: give patches\.T"),
        (torch.zeros(32), r"\(32,\).*without a batch"),
        (torch.zeros(4, 32, dtype=torch.bool), r"patches of torch\.bool.*real numbers"),
        (torch.zeros(4, 32, dtype=torch.complex64), r"patches of torch\.complex64"),
        (np.zeros((4, 32)), r"type ndarray.*torch\.from_numpy"),
        ("x", "type str"),
        ({"x": PATCHES, "y": 1}, r"a dict with the keys x, y, expected patches.*batch\['x'\]"),
        ((PATCHES, torch.zeros(4)), r"rates of \(4,\), expected \(4, 1\)\. Give rates\[:, None\]"),
        ((PATCHES, torch.zeros(1, 1)), r"rates of \(1, 1\), expected \(4, 1\)"),
        ((PATCHES, 256.0), r"rates of type float, expected a tensor \(4, 1\)"),
        (PATCHES, r"no rates.*use_conditioning=false"),
    ],
)
def test_what_has_another_form_is_said(batch, message):
    """What came, what was expected, and what to do."""
    with pytest.raises(ConfigError, match=message):
        as_batch(batch, 32, needs_rates=True)


def with_one(value: float) -> torch.Tensor:
    patches = EEG_UV.clone()
    patches[3, 5] = value
    return patches


@pytest.mark.parametrize(
    ("patches", "message"),
    [
        (EEG_UV * 1e-6, r"a robust sd of [12](\.\d)?e-05 µV: they look like volts; multiply by 1e6"),
        (EEG_UV * 1e-3, r"a robust sd of 0\.0[12]\d? µV: they look like millivolts; multiply by 1e3"),
        (torch.zeros(64, 32), "flat: each of the 64"),
        (torch.arange(64.0)[:, None].expand(64, 32), "flat"),
        (with_one(torch.nan), "1 of 2048 samples that are NaN or infinite"),
        (with_one(torch.inf), "NaN or infinite"),
    ],
)
def test_what_cannot_be_microvolts_ends_it_before_training(patches, message):
    """Before the trainer asks for anything."""
    with pytest.raises(ConfigError, match=message):
        of(patches).prepare_data()


@pytest.mark.parametrize(
    ("hz", "message"),
    [
        (0.256, r"rates of your loader are 0\.256 to 0\.256: they look like kHz; multiply by 1000"),
        (1 / 256, "seconds between samples"),
        (0.0, "expected more than 0"),
        (-250.0, "expected more than 0"),
        (torch.nan, "nan"),
        (1e6, "up to 50000 Hz"),
    ],
)
def test_what_cannot_be_hertz_ends_it_before_training(hz, message):
    """With what it looks like."""
    with pytest.raises(ConfigError, match=message):
        of(EEG_UV, rates(hz)).prepare_data()


@pytest.mark.parametrize(
    ("patches", "hz", "message"),
    [
        (EEG_UV * 0.01, 256.0, "look like millivolts; multiply by 1e3, unless they are right"),
        (EEG_UV * 1e3, 256.0, "look like nanovolts; multiply by 1e-3, unless they are right"),
        (EEG_UV.round().short(), 256.0, "whole numbers"),
        (torch.cat([EEG_UV[:16], torch.zeros(48, 32)]), 256.0, "48 of 64 patches are flat"),
        (EEG_UV, 64.0, r"64 to 64 Hz, the model is meant for 100 to 2048 Hz \(bundle\.rate_range_hz\)"),
    ],
)
def test_what_could_be_right_is_only_a_warning(patches, hz, message, capsys):
    """One line for each loader, once."""
    data = of(patches, rates(hz))
    data.prepare_data()
    data.prepare_data()
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in told] == ["loader train", "loader own"]
    assert re.search(message, told[0])


def test_patches_of_eeg_pass_in_silence(capsys):
    """With rates or without."""
    for data in (of(EEG_UV), of(EEG_UV, rates(250.0)), of(torch.cumsum(EEG_UV, 1), rates(2048.0))):
        data.prepare_data()
    assert capsys.readouterr().err == ""


def test_a_conditioned_model_s_loaders_need_rates():
    """Known before training, where the settings say so."""
    with pytest.raises(ConfigError, match="no rates"):
        of(EEG_UV, needs_rates=True).prepare_data()


def test_a_look_at_the_first_batch_changes_no_training():
    """The order of what a loader shuffles is the same, with a generator of its own and without."""

    def order(generator: torch.Generator | None, *, looked_at: bool) -> list[float]:
        torch.manual_seed(3)
        loader = DataLoader(TensorDataset(EEG_UV), 8, shuffle=True, generator=generator)
        if looked_at:
            LoaderDataModule(loader, loader, 32, 8).prepare_data()
        return [float(patch[0]) for (batch,) in loader for patch in batch]

    assert order(None, looked_at=True) == order(None, looked_at=False)
    seeded = [torch.Generator().manual_seed(5) for _ in range(2)]
    assert order(seeded[0], looked_at=True) == order(seeded[1], looked_at=False)


class Nothing(IterableDataset):
    def __iter__(self):
        return iter(())


def test_a_loader_without_a_batch_is_told():
    """By its name."""
    loader = DataLoader(Nothing(), 8)
    with pytest.raises(ConfigError, match="loader train gave no batch"):
        LoaderDataModule(loader, loader, 32, 8).prepare_data()


def test_what_can_be_gone_through_only_once_is_not_looked_at():
    """Its first batch is for training."""
    once = iter([EEG_UV])
    LoaderDataModule(once, once, 32, 64).prepare_data()
    assert next(once) is EEG_UV


def test_volts_end_a_run_in_one_line(command: Run, monkeypatch, capsys):
    """And no step is taken."""
    volts = DataLoader(TensorDataset(1e-5 * torch.randn(64, 32)), 8)
    monkeypatch.setattr("trainer.data.loader_datamodule.dummy_loader", lambda **_: volts)
    with pytest.raises(SystemExit) as left:
        command("train", "data=dummy", "model.hidden_dims=[16]", "model.patch_size=32")
    told = capsys.readouterr().err.splitlines()
    assert left.value.code == 78
    assert [line for line in told if line.startswith("error: patches of your loader have a robust sd of ")]
    assert not [line for line in told if "epoch" in line]


def test_the_usual_rates_are_those_of_the_settings():
    """Two places, one fact."""
    assert f"rate_range_hz: {list(USUAL_RATES_HZ)}" in (CONFIGS / "config.yaml").read_text(encoding="utf-8")


def test_validation_loaders_are_measured_by_name_and_rate():
    """Each patch once."""
    loaders = {name: dummy_loader(8, 32, 3, with_rates=True, shuffle=False, seed=n) for n, name in enumerate("ab")}
    data = LoaderDataModule(loaders["a"], loaders, 32, 8)
    assert data.validation_sets == ["a", "b"]
    patches = data.patches("val")
    assert sum(len(rows) for (name, _), rows in patches.items() if name == "a") == 24
    assert {rate for _, rate in patches} <= {128.0, 250.0, 256.0, 500.0}
    assert data.patches("test") == {}
