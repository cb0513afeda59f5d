"""What the shipped settings promise."""

from math import log2

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from trainer.hydra_app import CONFIGS
from trainer.training.checkpoints import build_network


@pytest.fixture(autouse=True)
def hydra_context():
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        yield


def composed(*overrides, folder):
    return OmegaConf.to_container(compose("config", [f"folder={folder}", *overrides]), resolve=True)


def test_the_shipped_split_is_the_agreed_one(tmp_path):
    """What may train, validate and test is fixed for all versions."""
    source = composed("data=eegmat_muse", folder=tmp_path)["data"]["source"]
    assert source["train"]["eegmat"]["only"] == [f"{n:02}" for n in range(14)]
    assert source["val"]["eegmat"]["only"] == ["14", "15", "16", "17"]
    assert source["val"]["muse"]["only"] == ["1408", "1411", "1413", "1414", "1415", "1416"]
    assert {*source["train"]["muse"]["without"]} == {"202", *source["val"]["muse"]["only"]}
    assert set(source["test"]) == {"eegmmidb", "ssvep"}


@pytest.mark.parametrize(("experiment", "bits"), [("seed", 15.966), ("default", 128.0), ("tokens", 128.0)])
def test_bits_of_the_shipped_models(experiment, bits, tmp_path):
    """All that the decoder gets."""
    network = build_network(composed(f"experiment={experiment}", folder=tmp_path)["model"])
    assert sum(log2(word) for word in network.codebook_sizes) == pytest.approx(bits, abs=1e-3)


def test_every_part_can_be_taken_out(tmp_path):
    """Logger, scheduler and callbacks."""
    config = composed("~logger", "~scheduler", "~callbacks", folder=tmp_path)
    assert not {"logger", "scheduler", "callbacks"} & set(config)


@pytest.mark.parametrize("data", ["manifest", "bids", "recordings", "synthetic"])
def test_data_of_every_kind_has_the_same_settings(data, tmp_path):
    """They differ only in where recordings come from."""
    needed = {"manifest": ["data.source.path=x"], "synthetic": []}.get(data, ["data.source.root=x"])
    config = composed(f"data={data}", *needed, folder=tmp_path)["data"]
    reference = composed("data=recordings", "data.source.root=x", folder=tmp_path)["data"]
    assert set(config) == set(reference)
    if data != "synthetic":
        assert {"hold_out_share", "hold_out", "split_file", "seed"} <= set(config["source"])
