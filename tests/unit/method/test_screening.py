import pytest
from PIL import Image
from speceyes.engines.base import Generation, Message, Request
from speceyes.method.screening import is_tool_free, screen
from speceyes.records.samples import Sample


@pytest.mark.parametrize(
    "text, verdict",
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
def test_verdict_is_the_published_one(text, verdict):
    assert is_tool_free(text) is verdict


class Screener:
    def screen_request(self, sample, image):
        return Request((Message("user", (image, sample.question)),), 10, ("</answer>",))


class Echo:
    """Answers with the question."""

    def generate(self, requests):
        texts = [request.messages[0].parts[1] for request in requests]
        return [Generation(text, (1, 2), ("a", "b"), 4, "end_of_text", 0.25) for text in texts]


def sample(number, question, image="red.png"):
    return Sample(
        sample_id=str(number),
        benchmark="b",
        split="s",
        question=question,
        options=(),
        gold="yes",
        gold_letter="",
        category="",
        image=image,
        image_id="0",
        width=8,
        height=8,
    )


def test_a_batch_keeps_order_and_survives_a_missing_image(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    samples = [sample(1, "No"), sample(2, "no", "gone.png"), sample(3, "Yes")]
    one, missing, two = screen(Echo(), Screener(), samples, tmp_path)
    assert (one.text, one.tool_free, one.latency_s, one.generated_tokens) == ("No", True, 0.25, 2)
    assert (missing.status, missing.tool_free) == ("error", False)
    assert "gone.png" in missing.error
    assert (two.sample_id, two.tool_free) == ("3", False)
