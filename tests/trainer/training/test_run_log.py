"""How training went, from the log that a run leaves."""

from pathlib import Path

from trainer.training.run_log import read_history

HEAD = "epoch,step,train/loss,val/nrmse\n"


def test_loss_and_score_are_read_with_their_steps(tmp_path: Path) -> None:
    """A step may have one of them, or both in rows of their own."""
    (tmp_path / "metrics.csv").write_text(HEAD + "0,9,1.5,\n0,19,1.25,\n0,19,,0.9\n1,39,,0.8\n")
    assert read_history(tmp_path) == {
        "step": [9, 19, 39],
        "train/loss": [1.5, 1.25, None],
        "val/nrmse": [None, 0.9, 0.8],
    }


def test_a_long_log_is_thinned_from_end_to_end(tmp_path: Path) -> None:
    """Its first and last step stay."""
    (tmp_path / "metrics.csv").write_text(HEAD + "".join(f"0,{step},{step / 10},\n" for step in range(5000)))
    history = read_history(tmp_path)
    assert history is not None
    assert (len(history["step"]), history["step"][0], history["step"][-1]) == (200, 0, 4999)
    assert history["train/loss"] == [step / 10 for step in history["step"]]


def test_no_log_and_no_steps_are_no_history(tmp_path: Path) -> None:
    """Of other loggers, and of models that are only fitted."""
    assert read_history(tmp_path) is None
    (tmp_path / "metrics.csv").write_text(HEAD + "0,0,,0.5\n")
    assert read_history(tmp_path) is None
