import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speceyes.engines.text import cut_after_stop, without_control_tokens

CONTROL = re.compile(r"<\|im_end\|>|<\|image_pad\|>")


@given(st.lists(st.sampled_from(["<|im_end|>", "<|im_", "end|>", "<|image", "_pad|>", "a", "<", "|>"])).map("".join))
def test_no_control_token_survives_however_it_is_hidden(text):
    cleaned = without_control_tokens(text, CONTROL)
    assert not CONTROL.search(cleaned)
    assert without_control_tokens(cleaned, CONTROL) == cleaned


def test_other_text_is_untouched():
    assert without_control_tokens("<answer>a | b</answer>", CONTROL) == "<answer>a | b</answer>"


@pytest.mark.parametrize(
    "text, stops, cut",
    [
        ("a</b>c</d>", ("</d>", "</b>"), "a</b>"),
        ("abc", (), "abc"),
        ("abc", ("x",), "abc"),
        ("aXbX", ("X",), "aX"),
    ],
)
def test_text_ends_with_the_first_complete_stop(text, stops, cut):
    assert cut_after_stop(text, stops) == cut
