"""The data module says what it leaves out, and stops where nothing is left."""

import pytest

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from trainer.data.augment import Augmentation
from trainer.data.corpora import Corpus
from trainer.data.datamodule import CorpusDataModule
from trainer.data.splits import RecordingSource

SETTINGS = FrontEndSettings(256.0, 0.5, None)


def made(subject, seconds=6.0, rate_hz=250):
    return RecordingSource(
        "made", subject, f"synthetic:rate={rate_hz},channels=2,seconds={seconds},seed={sum(map(ord, subject))}"
    )


def data(split, cache, **settings):
    arguments = {
        "source": Corpus(split),
        "frontend": SETTINGS,
        "patch_size": 256,
        "batch_size": 8,
        "batches_per_epoch": None,
        "seed": 1,
        "augmentation": Augmentation(),
        "rates_hz": (),
        "cache": str(cache),
        "scheduler": None,
        "strict": False,
    }
    return CorpusDataModule(**{**arguments, **settings})


def test_short_recordings_are_named_and_left_out(tmp_path):
    """A patch longer than a recording is no patch; the reason has both lengths."""
    module = data({"train": [made("A"), made("B", seconds=2.5)], "val": [made("C")]}, tmp_path)
    side = module.side("train")
    assert len(side.recordings) == 1
    (skipped,) = side.skipped
    assert "a patch has 256" in str(skipped)
    with pytest.raises(ConfigError, match="a patch has 256"):
        data({"train": [made("A"), made("B", seconds=2.5)], "val": [made("C")]}, tmp_path, strict=True).sides()


def test_a_side_of_which_nothing_is_left_is_one_clear_error(tmp_path):
    """It says which side, which recordings and why."""
    module = data({"train": [made("A")], "val": [made("C", seconds=2.5)]}, tmp_path)
    with pytest.raises(ConfigError, match=r"the val side has no patch: none of its 1 recordings.*a patch has 256"):
        module.sides()


def test_a_patch_longer_than_every_recording_is_one_clear_error(tmp_path):
    """With what to change."""
    module = data({"train": [made("A")], "val": [made("C")]}, tmp_path, patch_size=100_000)
    with pytest.raises(ConfigError, match=r"a patch has 100000\)\. .*smaller model\.patch_size"):
        module.sides()


def test_an_epoch_is_one_pass_unless_something_else_is_said(tmp_path):
    """As many patches as the data holds without overlap."""
    split = {"train": [made("A"), made("B")], "val": [made("C")]}
    # 4 s behind the first 2 s and the resampler's wait: 3 patches of each of 2 channels of 2 recordings.
    assert len(data(split, tmp_path).train_dataloader()) == 2
    assert len(data(split, tmp_path, batches_per_epoch=7).train_dataloader()) == 7


@pytest.mark.parametrize(("model_rate_hz", "on_val"), [(256.0, {250.0}), (None, {250.0, 128.0})])
def test_imitated_devices_train_and_validate_only_models_that_know_rates(tmp_path, model_rate_hz, on_val):
    """A model of one rate is validated on what was really recorded."""
    split = {side: [made(side)] for side in ("train", "val", "test")}
    module = data(split, tmp_path, rates_hz=(128.0, 250.0), frontend=FrontEndSettings(model_rate_hz, 0.5, None))
    rates = {side: {signal.rate_hz for signal in found.signals} for side, found in module.sides().items()}
    assert rates == {"train": {250.0, 128.0}, "val": on_val, "test": {250.0}}
