"""What a model card says of how a model was made."""

import pytest

from eegstream.codec.bundle import load
from trainer.bundling.model_card import model_card

CHOSE = "the one of the least mean NRMSE over the validation sets was taken"
CHOSE_NOTHING = "Validation chose nothing in this run"


@pytest.mark.parametrize(
    ("name", "history", "said"),
    [
        ("seed", {"step": [1, 2], "val/nrmse": [0.5, 0.4]}, CHOSE),
        ("seed", {"step": [1, 2], "val/nrmse": [None, 0.4]}, CHOSE_NOTHING),
        ("seed", {"step": [1, 2], "val/nrmse": [None, None]}, CHOSE_NOTHING),
        ("seed", None, CHOSE),
        ("lite", None, CHOSE_NOTHING),
    ],
)
def test_the_card_says_whether_validation_chose_the_checkpoint(name, history, said):
    """It did if it was run more than once, or if no log tells how often; a fit without steps leaves no choice."""
    facts = load(name).manifest.model_dump()
    facts["training"]["history"] = history
    told = " ".join(model_card(facts, "", "", {}).split())
    assert said in told
    assert (CHOSE in told) != (CHOSE_NOTHING in told)
