"""The report of bundles on recordings, as a person asks for it."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from eegstream.codec.bundle import load
from tests.identity_bundle import load_own
from tests.trainer.conftest import Run
from tests.trainer.running import SMALL
from trainer.evaluation.baselines import Baselines
from trainer.evaluation.benchmark import Benchmark, training_windows, window_samples
from trainer.evaluation.comparison import by_codes_kept, compare, rate_sensitivity
from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.windowed_codec import WindowedCodec, in_tiles
from trainer.hydra_app import CONFIGS, build

QUICK = (
    *("data.source.seconds=12", "data.source.channels=3", "data.source.recordings={train: 2, val: 1}"),
    *("bits=[16,64]", "rates_hz=[128,256]", "turns=3", "fit_windows=1500"),
    *("tokens.steps=8", "tokens.patches=500"),
)


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Made-up EEG of a second at 256 Hz."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((150, 256)).cumsum(axis=1) * rng.uniform(1, 10, (150, 1))
    return (x - x.mean(axis=1, keepdims=True)).astype(np.float32)


def test_a_report_of_bundles(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """One page with everything in it, the same as numbers, and a table on the terminal."""
    folder = command("evaluate", "bundle=[fast,seed]", *QUICK)
    told_there = capsys.readouterr().out
    results = json.loads((folder / "report.json").read_text())
    assert list(results["bundles"]) == ["fast@2", "seed@3"]
    fast, seed = results["bundles"].values()
    mse = fast["sets"]["synthetic 256 Hz"]["decodes"]["mse"]
    assert f"{mse['nrmse']:6.3f}" in told_there
    assert mse["nrmse_interval"][0] <= mse["nrmse"] <= mse["nrmse_interval"][1]
    assert (fast["bits"], fast["window"], fast["patch"]) == (160.0, 256, 64)
    assert len(fast["sets"]["synthetic 256 Hz"]["codes_kept"]) == 4
    assert set(fast["sets"]["synthetic 256 Hz"]["decodes"]) == {"mse", "spectrum"}
    segments = fast["sets"]["synthetic 256 Hz"]["segments"]
    assert segments["channels"] == [3]
    assert set(segments["decodes"]) == {"single patches", "mse", "spectrum", "joint"}
    assert segments["decodes"]["single patches"]["nrmse"] == pytest.approx(mse["nrmse"], rel=1e-4)
    assert segments["decodes"]["mse"]["jump"] < segments["decodes"]["single patches"]["jump"]
    assert fast["seeds"] == [1]
    assert {row["rate_hz"] for row in fast["rates"]["synthetic"]} == {128, 256}
    assert all(row["half"] in (None, row["true"]) for row in fast["rates"]["synthetic"]), "the rate is not used"
    assert set(seed["sets"]) == {"synthetic 128 Hz", "synthetic 256 Hz"}
    assert seed["encode_ms"]["ratio"] == 1.0
    assert fast["encode_ms"]["ratio"] > 0
    page = (folder / "report.html").read_text()
    assert not re.search(r'(?:src|href)="(?!#)', page), "it needs nothing beside it"
    assert page.count("<svg") >= 10
    assert page.count('aria-label="How training went') == 1, "seed was trained; what was only fitted has no such curve"
    bits = fast["tokens"]["bits"]["synthetic"]
    assert sum(bits["uniform"]) == 40.0
    assert len(bits["unigram"]) == len(bits["model"]) == len(bits["model_with_others"]) == 4
    assert set(fast["tokens"]["probes"]) == {"codes", "words", "numbers", "raw"}
    assert set(seed["tokens"]["probes"]) == {"codes", "numbers", "raw"}
    assert fast["tokens"]["probes"]["raw"]["synthetic"]["waveform"] > 0.7
    assert "worth to a language model" in page
    for text in ("fast@2", "seed@3", "KLT + Lloyd-Max", "Formulas", f"{mse['nrmse']:.3f}"):
        assert text in page
    assert (folder / "figures" / "rate-and-distortion-0.png").is_file()


def test_loaders_of_one_s_own_make_a_report_too(command: Run, tmp_path: Path) -> None:
    """They say nothing of subjects; their patches are the windows."""
    small = [a for a in SMALL if a.startswith(("model", "trainer", "pictures"))]
    run = command("train", "data=dummy", "data.train.batches=4", "data.val.batches=2", *small, "trainer.max_epochs=2")
    command("export", f"checkpoint={run / 'checkpoints/best.ckpt'}", "name=own", f"folder={tmp_path}")
    loaded = load_own(tmp_path / "own-1.pt")
    (metrics,) = loaded.manifest.metrics.values()
    assert (metrics["window"], metrics["subjects"], metrics["side"]) == (32, 1, "val")
    few = ("data.train.batches=4", "data.val.batches=2", "bits=[16]", "turns=3", "fit_windows=200")
    folder = command("evaluate", "bundle=fast", "reference=fast", "data=dummy", *few)
    (own,) = json.loads((folder / "report.json").read_text())["bundles"].values()
    assert own["window"] == 256, "the loader's patches are windows of four of the bundle's"
    folder = command("evaluate", f"bundle={tmp_path / 'own-1.pt'}", "reference=fast", "data=dummy", *few)
    history = loaded.manifest.training["history"]
    assert history["step"] == sorted(history["step"])
    assert 0 < history["val/nrmse"][-1] < 2
    assert "How training went" in (folder / "report.html").read_text()
    assert (own["sets"]["own 256 Hz"]["patches"], own["rates"], own["downstream"]["mse"]) == (128, {}, {})


def test_seeds_of_one_recipe_are_one_row(command: Run, tmp_path: Path) -> None:
    """The same name and version twice: one bundle, two NRMSE."""
    twin = tmp_path / "twin.pt"
    twin.write_bytes((load("fast").path).read_bytes())
    folder = command("evaluate", f"bundle=[fast,{twin}]", *QUICK, "bits=[16]", "rates_hz=[256]", "tokens=null")
    assert "worth to a language model" not in (folder / "report.html").read_text()
    (own,) = json.loads((folder / "report.json").read_text())["bundles"].values()
    first, second = own["sets"]["synthetic 256 Hz"]["nrmse_of_seeds"]
    assert first == second == own["sets"]["synthetic 256 Hz"]["decodes"]["mse"]["nrmse"]


def test_what_a_known_report_says_is_not_measured_again(
    command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its figures of the same file stay, what it lacks is measured, and another bundle of it is kept."""
    few = (*QUICK, "bits=[16]", "rates_hz=[256]")
    folder = command("evaluate", "bundle=[fast,lite]", "reference=fast", *few, "tokens=null")
    report = json.loads((folder / "report.json").read_text())
    fast = report["bundles"]["fast@2"]
    fast["sets"]["synthetic 256 Hz"]["decodes"]["mse"]["nrmse"] = 0.123
    del fast["sets"]["synthetic 256 Hz"]["segments"]
    known = tmp_path / "known.json"
    known.write_text(json.dumps(report))
    folder = command("evaluate", "bundle=fast", "reference=fast", *few, f"known={known}")
    found = json.loads((folder / "report.json").read_text())
    assert list(found["bundles"]) == ["fast@2", "lite@2"]
    again = found["bundles"]["fast@2"]
    assert again["sets"]["synthetic 256 Hz"]["decodes"]["mse"]["nrmse"] == 0.123
    assert "joint" in again["sets"]["synthetic 256 Hz"]["segments"]["decodes"]
    assert len(again["tokens"]["bits"]["synthetic"]["model"]) == 4
    assert again["encode_ms"] == fast["encode_ms"], "times of one run are compared, and these are"
    lite = report["bundles"]["lite@2"]
    assert found["bundles"]["lite@2"] == {part: told for part, told in lite.items() if part != "encode_ms"}
    assert found["earlier"]["command"] == report["command"]
    assert "lite@2" in (folder / "report.html").read_text()
    capsys.readouterr()
    with pytest.raises(SystemExit):
        command("evaluate", "bundle=fast", "reference=fast", *few, "data.source.seconds=9", f"known={known}")
    assert "the known report measured fast@2 on" in capsys.readouterr().err


def test_a_side_without_recordings_is_one_line(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing, and what to do."""
    with pytest.raises(SystemExit) as left:
        command("evaluate", "bundle=nothing")
    assert left.value.code == 78
    assert "no bundle is called 'nothing'" in capsys.readouterr().err


def test_bits_of_a_window_are_those_of_all_its_patches() -> None:
    """Four patches of 40 bit make a window of 160; the daemon's tiles give the codes."""
    loaded = load("fast")
    codec = WindowedCodec.of(loaded.module, loaded.manifest, 256)
    assert codec.bits == 4 * sum(map(math.log2, loaded.manifest.words)) == 160


def test_windows_come_back_in_their_place(windows: np.ndarray) -> None:
    """Cut into patches and put together again: each window is nearest to its own reconstruction."""
    loaded = load("fast")
    codec = WindowedCodec.of(loaded.module, loaded.manifest, 256)
    y = codec.through(windows, 256.0)
    distance = ((windows[:, None] - y[None]) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == np.arange(len(windows))).all()
    first = in_tiles(loaded.module.encode, torch.from_numpy(windows[3].reshape(4, 64)), torch.full((4, 1), 256.0))
    assert torch.equal(codec.encode(windows, 256.0)[12:16], first)


def test_a_comparison_gives_the_baseline_no_bit_less(windows: np.ndarray) -> None:
    """15.97 bit of a code are compared with 16 of transform coding; a codec is no better than itself."""
    loaded = load("seed")
    codec = WindowedCodec.of(loaded.module, loaded.manifest, 256)
    baselines = Baselines({256.0: windows})
    assert baselines.transform_coder(256.0, codec.bits, has_gain=True).bits == 16
    assert baselines.transform_coder(250.0, 128.0, has_gain=True).bits == 128
    patch_set = HeldOutWindows("made", "val", 256.0, 256.0, windows, np.repeat(["a", "b", "c"], 50))
    found = compare(codec, patch_set, baselines)
    nrmse = {name: found[name]["nrmse"] for name in ("klt_gain", "klt", "mean_predictor")}
    assert found["gain_over"]["klt_gain"]["gain"] == pytest.approx(
        1 - found["decodes"]["mse"]["nrmse"] / nrmse["klt_gain"]
    )
    assert nrmse["mean_predictor"] == pytest.approx(1.0, abs=1e-3)


def test_only_rates_that_a_model_is_made_for_are_told(windows: np.ndarray) -> None:
    """Half of 160 Hz is none of `seed`'s rates; a wrong rate costs it something."""
    loaded = load("seed")
    codec = WindowedCodec.of(loaded.module, loaded.manifest, 256)
    patch_set = HeldOutWindows("made", "val", 160.0, 160.0, windows, np.repeat(["a"], 150))
    nrmse = rate_sensitivity(codec, patch_set, loaded.manifest.rate_range_hz)
    assert nrmse["half"] is None
    assert nrmse["true"] != nrmse["twice"]


def test_more_codes_are_no_worse(windows: np.ndarray) -> None:
    """From silence to all that the codes hold."""
    loaded = load("default")
    codec = WindowedCodec.of(loaded.module, loaded.manifest, 256)
    patch_set = HeldOutWindows("made", "val", 256.0, 256.0, windows, np.repeat(["a"], 150))
    kept = by_codes_kept(codec, patch_set)
    assert kept[0] == pytest.approx(1.0)
    assert kept == sorted(kept, reverse=True)
    assert len(kept) == len(loaded.manifest.words)


@pytest.mark.parametrize(
    ("patch", "rate_hz", "window"),
    [(256, 256.0, 256), (64, 256.0, 256), (512, 256.0, 512), (96, 256.0, 192), (256, None, 256)],
)
def test_a_window_is_a_second_of_whole_patches(patch: int, rate_hz: float | None, window: int) -> None:
    """Or a patch, where that is longer or the rate is any."""
    assert window_samples(patch, rate_hz) == window


def test_training_windows_are_loud_and_have_their_rates() -> None:
    """Silence is left out, and epochs go on until there are enough."""
    loud = torch.randn(8, 32) * 10
    batches = [(torch.cat([loud, torch.zeros(8, 32)]), torch.cat([torch.full((8, 1), 250.0), torch.ones(8, 1)]))]
    windows, rates_hz = training_windows(batches, 20)
    assert windows.shape == (20, 32)
    assert (windows.std(axis=1) > 0.5).all()
    assert set(rates_hz.tolist()) == {250.0}


def test_a_bench_keeps_sides_subjects_and_rates_apart(command: Run, tmp_path: Path) -> None:
    """Windows of one's own rate and of imitated devices, each with whose they are."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        config = compose(
            "config",
            [
                *(f"folder={tmp_path}", f"data.cache={tmp_path}/cache", "frontend.model_rate_hz=null"),
                *("data.rates_hz=[128]", "data.source.seconds=6", "data.source.recordings={train: 1, val: 2}"),
            ],
        )
    bench = Benchmark.of(build(config.data), 256, None, fit_windows=200)
    assert {(s.data_set, s.rate_hz, s.is_own, s.side) for s in bench.sets} == {
        ("synthetic", 256.0, True, "val"),
        ("synthetic", 128.0, False, "val"),
    }
    assert all(s.n_subjects == 2 for s in bench.sets)
    assert set(bench.training) == {128.0, 256.0}
