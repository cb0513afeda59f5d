"""The metrics of a manifest: the most important ones of an evaluation."""

from typing import Any

import torch

from trainer.evaluation.baselines import Baselines
from trainer.evaluation.benchmark import Benchmark
from trainer.evaluation.comparison import compare, rate_sensitivity
from trainer.evaluation.scoring import rounded
from trainer.evaluation.windowed_codec import WindowedCodec
from trainer.protocols import Network, PatchDataModule

_OF_A_DECODE = (
    *("nrmse", "nrmse_interval", "nrmse_median", "prd_percent", "snr_db", "ssim", "r", "r_quantile_5", "lsd_db"),
    *("band_error", "band_power"),
)


def manifest_metrics(
    network: Network, scripted: torch.jit.ScriptModule, settings: dict[str, Any], data: PatchDataModule
) -> dict[str, Any]:
    """The most important metrics of a report on the model, by data set and rate."""
    patch: int = settings["model"]["patch_size"]
    bench = Benchmark.of(data, patch, settings["frontend"]["model_rate_hz"])
    codec = WindowedCodec(scripted, tuple(network.codebook_sizes), patch, tuple(network.decodes), bench.window)
    baselines = Baselines(bench.training)
    metrics: dict[str, Any] = {}
    for patch_set in bench.sets:
        found = compare(codec, patch_set, baselines)
        kept = {key: found[key] for key in ("side", "bits", "patches", "subjects")}
        kept |= {key: found["decodes"]["mse"][key] for key in _OF_A_DECODE}
        kept |= {f"nrmse_of_{name}": found[name]["nrmse"] for name in ("klt_gain", "klt")}
        if "spectrum" in codec.decodes:
            kept["spectrum"] = {key: found["decodes"]["spectrum"][key] for key in _OF_A_DECODE}
        if settings["frontend"]["model_rate_hz"] is None:
            kept["nrmse_told"] = rate_sensitivity(codec, patch_set, settings["bundle"]["rate_range_hz"])
        metrics[patch_set.name] = rounded({"window": bench.window, **kept})
    return metrics
