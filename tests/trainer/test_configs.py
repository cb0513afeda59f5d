"""Every shipped configuration composes and gives what it names."""

from math import log2
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

from trainer.run import CONFIGS, build

GROUPS = {path.name: sorted(p.stem for p in path.glob("*.yaml")) for path in CONFIGS.iterdir() if path.is_dir()}
CHOICES = [f"{group}={name}" for group, names in GROUPS.items() for name in names]


@pytest.fixture(autouse=True)
def hydra_context():
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        yield
    HydraConfig.instance().cfg = None


def composed(*overrides, folder: Path):
    config = compose("config", [f"hydra.runtime.output_dir={folder}", *overrides], return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    return config


@pytest.mark.parametrize("choice", CHOICES)
def test_it_composes_and_instantiates(choice, tmp_path):
    """Model, trainer and logger are built; data too, where it needs no recording."""
    config = composed(choice, folder=tmp_path)
    network = build(config.model)
    assert len(network.words) == config.model.groups
    assert build(config.trainer, logger=False).max_epochs > 0
    build(config.logger)
    if config.data.source._target_.endswith("SyntheticSource"):
        build(config.data)


def test_no_logger(tmp_path):
    """It can be taken out."""
    assert "logger" not in composed("~logger", folder=tmp_path)


def test_the_shipped_split_is_the_agreed_one(tmp_path):
    """What may train, validate and test is fixed for all versions."""
    source = composed("data=eegmat_muse", folder=tmp_path).data.source
    assert list(source.train.eegmat.only) == [f"{n:02}" for n in range(14)]
    assert list(source.val.eegmat.only) == ["14", "15", "16", "17"]
    assert list(source.val.muse.only) == ["1408", "1411", "1413", "1414", "1415", "1416"]
    assert {*source.train.muse.without} == {"202", *source.val.muse.only}
    assert set(source.test) == {"eegmmidb", "ssvep"}


@pytest.mark.parametrize(("experiment", "bits"), [("seed", 15.966), ("default", 128.0)])
def test_bits_of_the_shipped_models(experiment, bits, tmp_path):
    """All that the decoder gets."""
    network = build(composed(f"experiment={experiment}", folder=tmp_path).model)
    assert sum(log2(word) for word in network.words) == pytest.approx(bits, abs=1e-3)
