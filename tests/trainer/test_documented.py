"""What the pages about training show works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from torch import nn

from tests.markdown import ROOT, fenced
from tests.trainer.conftest import Run
from tests.trainer.running import SMALL
from trainer.evaluation import metric_collection
from trainer.hydra_app import CONFIGS, in_hydra_s_words
from trainer.models.activations import ACTIVATIONS
from trainer.search import divided

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONFIG_OF = {"train": "config", "prepare": "prepare", "evaluate": "evaluate", "export": "export", "search": "search"}


def commands() -> list[str]:
    """Every command of the trainer that a page shows, on one line."""
    found = []
    for page in PAGES:
        for block in fenced(page.read_text(encoding="utf-8"), "sh"):
            joined = block.replace("\\\n", " ")
            found += [line for line in joined.splitlines() if re.search(r"-m trainer\.\w+", line)]
    return found


@pytest.mark.parametrize("line", commands())
def test_the_command_composes(line: str) -> None:
    """Every setting that it gives is there, and every choice too."""
    words = shlex.split(line, comments=True)
    at = words.index("-m")
    arguments = words[at + 2 :]
    folder = Path(arguments.pop(arguments.index("--config-dir") + 1)) if "--config-dir" in arguments else None
    overrides = [in_hydra_s_words(a) for a in arguments if "=" in a and not a.startswith("--")]
    single = [re.sub(r"^([^=]*=)([^\[{'][^,]*),.*$", r"\1\2", o) for o in overrides]  # the first of a sweep's choices
    name = CONFIG_OF[words[at + 1].removeprefix("trainer.")]
    trials = []
    if name == "search":
        single, trials = divided(single)
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        search = [f"hydra.searchpath=[file://{ROOT / folder}]"] if folder else []
        own = [] if name == "export" else ["folder=x"]
        config = compose(name, [*single, *own, *search])
        compose("config", ["folder=x", *trials])
    assert not OmegaConf.missing_keys(config)


def test_the_own_loader_of_the_example_trains(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a condition on the rate it brings."""
    monkeypatch.chdir(ROOT)
    small = [a for a in SMALL if a.startswith(("model", "trainer", "pictures"))]
    for more in ([], ["model.use_conditioning=true"]):
        folder = command("train", "--config-dir", "docs/examples", "data=own", "data.train.patches=256", *small, *more)
        assert torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 4


def test_adding_an_activation_is_one_line(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's line."""
    (block, *_) = fenced((ROOT / "docs/how-to/extend.md").read_text(encoding="utf-8"), "python")
    name, make = eval(f"({block.strip().rstrip(',').replace(':', ',', 1)})", {"nn": nn})  # noqa: S307
    monkeypatch.setitem(ACTIVATIONS, name, make)
    folder = command("train", *SMALL, f"model.activation={name}")
    assert (folder / "checkpoints/best.ckpt").is_file()


def test_adding_a_metric_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's function, averaged over patches."""
    block = fenced((ROOT / "docs/how-to/extend.md").read_text(encoding="utf-8"), "python")[1]
    scope = {"Tensor": torch.Tensor}
    exec(block.partition("\n\n")[0], scope)  # noqa: S102
    figure = metric_collection.PatchMean(scope["largest_error_uv"])
    x = torch.randn(5, 16)
    figure.update(x + torch.arange(1, 6)[:, None], x)
    assert float(figure.compute()) == pytest.approx(3.0)


def test_every_choice_of_every_group_is_on_the_page() -> None:
    """The table of groups is whole."""
    page = (ROOT / "docs/how-to/train.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    for group in (path for path in CONFIGS.iterdir() if path.is_dir()):
        for choice in group.glob("*.yaml"):
            assert f"`{choice.stem}`" in rows[group.name], f"{group.name}={choice.stem}"
