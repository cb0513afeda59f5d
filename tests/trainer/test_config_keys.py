"""What people type after a command stays: every setting, by its name."""

from collections.abc import Iterator

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from trainer.hydra_app import CONFIGS

OPTIMISATION = "learning_rate eta_min max_epochs"
CODES = "levels groups fsq gain_digits gain_range_uv unit_uv cosines"
GROUPS = {
    "model": f"patch_size hidden_dims dropout activation use_conditioning {CODES} {OPTIMISATION}",
    "data": "frontend patch_size batch_size batches_per_epoch seed augmentation.sign augmentation.crop "
    "augmentation.gain_db augmentation.mains_uv augmentation.mains_hz augmentation.line_share "
    "augmentation.line_ratio rates_hz cache scheduler strict channels drop unit rate folder source.rates_hz "
    "source.channels source.seconds source.recordings.train source.recordings.val source.seed",
    "optimizer": "lr weight_decay betas",
    "scheduler": "start_factor total_iters interval",
    "trainer": "accelerator devices num_nodes strategy precision max_epochs max_steps gradient_clip_val "
    "log_every_n_steps check_val_every_n_epoch num_sanity_val_steps enable_model_summary enable_progress_bar "
    "resume_from_checkpoint",
    "callbacks": "checkpoint.dirpath checkpoint.filename checkpoint.monitor checkpoint.save_last "
    "checkpoint.enable_version_counter averaging.use_buffers averaging.multi_avg_fn.decay",
    "logger": "save_dir name version",
    "frontend": "model_rate_hz highpass_hz notch_hz",
    "loss": "floor_uv",
    "bundle": "name version purpose limits rate_range_hz amplitude_uv",
}
MODELS = {
    "residual": f"patch_size width blocks dropout activation use_conditioning {CODES} {OPTIMISATION}",
    "classified": "patch_size gain_bits gain_range_uv class_bits word_bits coefficients states steps segments "
    f"candidates lanes fill fit_patches fit_rounds fit_prior fitter.patches fitter.rounds fitter.prior fitter.in_order "
    f"{OPTIMISATION}",
    "gain_shape": "patch_size encoder_dims decoder_dims gain_levels gain_range_uv shape_levels cosines activation "
    f"use_conditioning {OPTIMISATION}",
    "tokens": "patch_size gain_levels gain_range_uv envelope_levels detail_levels power_edges power_weight code_digits "
    "coefficients lowest hidden candidates use_conditioning fit_patches fitter.patches fitter.envelope_steps "
    f"fitter.codebook_steps {OPTIMISATION}",
}
COMMANDS = {
    "evaluate": "data bundle known reference fit_windows bits rates_hz turns folder seed tasks tokens frontend model",
    "export": "checkpoint name version folder license purpose data_root wandb",
    "search": "study storage trials space warmup_epochs sampler_seed folder",
}


@pytest.fixture(autouse=True)
def hydra_context() -> Iterator[None]:
    """Settings as the commands compose them."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        yield


def keys(node: DictConfig) -> set[str]:
    """Names of all settings below a node, but for those that name a class."""
    plain = OmegaConf.to_container(node, resolve=False)

    def below(tree: object, path: str) -> Iterator[str]:
        if isinstance(tree, dict) and tree:
            for key, value in tree.items():
                if not str(key).startswith("_"):
                    yield from below(value, f"{path}.{key}")
        else:
            yield path[1:]

    return set(below(plain, ""))


def test_the_settings_of_training_are_these() -> None:
    """Of every group, and beside the groups."""
    config = compose("config", ["folder=x"])
    assert {group: keys(config[group]) for group in GROUPS} == {g: {*names.split()} for g, names in GROUPS.items()}
    assert set(config) - set(GROUPS) == {"seed", "threads", "folder", "pictures"}


@pytest.mark.parametrize("model", MODELS)
def test_the_settings_of_a_model_are_these(model: str) -> None:
    """The fitter's own refer to those of the model."""
    assert keys(compose("config", ["folder=x", f"model={model}"]).model) == {*MODELS[model].split()}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_settings_of_a_command_are_these(command: str) -> None:
    """At their first level."""
    assert set(compose(command, [] if command == "export" else ["folder=x"])) == {*COMMANDS[command].split()}
