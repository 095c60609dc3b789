"""`app.runtime.backend`: which of a model's outputs is which."""

import numpy as np
import pytest

from app.errors import IntegrityError
from app.runtime.backend import outputs_from

VALUES = np.zeros((1, 4), np.float32)


def test_the_only_output_may_have_any_name() -> None:
    outputs = outputs_from({"dense_3": VALUES})
    assert outputs.probabilities is VALUES
    assert outputs.embedding is None


def test_of_several_outputs_the_known_names_are_taken() -> None:
    other = np.ones((1, 2), np.float32)
    outputs = outputs_from({"embedding": other, "probabilities": VALUES, "more": other})
    assert outputs.probabilities is VALUES
    assert outputs.embedding is other
    assert outputs.activation_map is None


def test_of_several_outputs_one_must_be_called_probabilities() -> None:
    with pytest.raises(IntegrityError, match=r"received \['a', 'b'\]"):
        outputs_from({"b": VALUES, "a": VALUES})
