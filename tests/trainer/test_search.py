"""A study tries settings, cuts hopeless ones short, and can be shared."""

import optuna
import pytest

from tests.trainer.conftest import Run
from tests.trainer.running import SMALL

OVERRIDES = [*SMALL, "logger=null", "scheduler=null", "trainer.max_epochs=3"]


def test_a_study_finds_the_better_setting_and_cuts_the_others_short(
    command: Run, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    """A rate that learns against one that cannot; two processes add to one study."""
    storage = f"sqlite:///{tmp_path}/study.db"
    arguments = [
        *("study=rates", f"storage={storage}", *OVERRIDES),
        *("~space.model.activation", "space.model.learning_rate={low: 1e-8, high: 0.02, log: true}"),
    ]
    command("search", *arguments, "trials=6", "sampler_seed=1")
    command("search", *arguments, "trials=4", "sampler_seed=2")
    told = capsys.readouterr().out
    study = optuna.load_study(study_name="rates", storage=storage)
    states = [trial.state.name for trial in study.trials]
    assert len(states) == 10
    assert "PRUNED" in states
    assert study.best_params["model.learning_rate"] > 1e-4
    assert f"model.learning_rate={study.best_params['model.learning_rate']}" in told.splitlines()[-1]
    assert told.splitlines()[-1].startswith("python -m trainer.train 'model.hidden_dims=[16]'")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (["+space.model.dropout={low: 0}"], "space.model.dropout has the keys low"),
        (["+space.model.dropout=0.5"], "space.model.dropout is 0.5"),
        (["~space.model"], "search space is empty"),
    ],
)
def test_a_space_that_cannot_be_read_is_refused(
    space: list[str], message: str, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the setting that is wrong."""
    with pytest.raises(SystemExit) as left:
        command("search", "study=x", *space)
    assert left.value.code == 78
    assert message in capsys.readouterr().err
