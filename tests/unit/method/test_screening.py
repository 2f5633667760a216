import pytest
from PIL import Image
from scripted import sample
from speceyes.engines.base import Generation, Message, Request
from speceyes.images import Pictures
from speceyes.method.screening import is_tool_free, screen


@pytest.mark.parametrize(
    "text, tool_free",
    [
        ("no", True),
        ("No.", True),
        ("NO, it is clear", True),
        ("Nothing more is needed", True),
        ("yes", False),
        (" no", False),
        ("I think no", False),
        ("", False),
    ],
)
def test_a_sample_is_tool_free_by_the_published_rule(text, tool_free):
    assert is_tool_free(text) is tool_free


class Screener:
    def screen_request(self, sample, image):
        return Request((Message("user", (image, sample.question)),), 10, ("</answer>",))


class Echo:
    """Answers with the question."""

    def generate(self, requests):
        texts = [request.messages[0].parts[1] for request in requests]
        return [Generation(text, (1, 2), ("a", "b"), 4, "end_of_text", 0.25) for text in texts]


def asked(number, question, image="red.png"):
    return sample(number, image, options=()).model_copy(update={"question": question})


def test_a_batch_keeps_order_and_survives_a_missing_image(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    samples = [asked(1, "No"), asked(2, "no", "gone.png"), asked(3, "Yes")]
    one, missing, two = screen(Echo(), Screener(), samples, Pictures(tmp_path))
    assert (one.text, one.tool_free, one.latency_s, one.generated_tokens) == ("No", True, 0.25, 2)
    assert (missing.status, missing.tool_free) == ("error", False)
    assert "gone.png" in missing.error
    assert (two.sample_id, two.tool_free) == (samples[2].sample_id, False)
