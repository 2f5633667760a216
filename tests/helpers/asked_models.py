"""Tiny models of the Qwen families as the engine opens them, and what they are asked."""

from noise_pictures import noise
from PIL import Image
from speceyes.engines.base import Message, Request
from speceyes.engines.in_process import TransformersSettings
from speceyes.images import ImageSettings

FAMILIES = {"tiny_qwen3_vl": 32, "tiny_qwen25_vl": 28}  # fixtures, and pixels of a token's side
QUESTIONS = ("red", "the star", "the red star the red star", "what is that?", "", "aaaa bbbb cccc", "the", "<think>the")


def settings(factor: int, **more) -> TransformersSettings:
    image = ImageSettings(factor=factor, min_pixels=factor**2, max_pixels=16 * factor**2)
    return TransformersSettings(dtype="float32", device="cpu", image=image, **more)


def ask(text: str = "the red star", image: Image.Image | None = None, tokens: int = 12, stop=(), top_k: int = 0):
    parts = (text,) if image is None else (image, text)
    return Request((Message("user", parts),), tokens, stop, top_k)


def varied_requests() -> list[Request]:
    return [
        ask(question, noise(60 + 40 * number, 190 - 17 * number), tokens=8 + number, top_k=7)
        for number, question in enumerate(QUESTIONS)
    ]
