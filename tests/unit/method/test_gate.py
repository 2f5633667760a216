import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from speceyes.method.gate import accepts

confidences = st.floats(0, 1)


def test_gate_is_strict():
    assert accepts(0.9800001, 0.98)
    assert not accepts(0.98, 0.98)
    assert not accepts(0.0, 0.5)
    assert not accepts(float("nan"), 0.5)


@given(confidences, confidences, confidences)
def test_a_higher_threshold_never_accepts_more(confidence, one, other):
    low, high = sorted((one, other))
    assert accepts(confidence, high) <= accepts(confidence, low)


@given(st.lists(confidences), confidences)
def test_arrays_are_gated_like_single_answers(values, threshold):
    assert accepts(np.array(values), threshold).tolist() == [accepts(value, threshold) for value in values]
