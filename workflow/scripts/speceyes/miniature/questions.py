"""What can be asked about a scene, in the forms of the three benchmarks."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from speceyes.miniature.scenes import COLORS, SIDES, Plate, Scene
from speceyes.records.samples import LETTERS

Kind = Literal["color", "side", "presence"]
POPULAR = ("red", "blue", "green")


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one plate.

    ``word`` is the attribute the picture shows ("red", "left"); ``gold`` the right answer ("red",
    "left", or yes/no for presence, where ``asked`` is the colour that the question names).
    """

    kind: Kind
    text: str
    plate: Plate
    word: str
    gold: str
    options: tuple[str, ...] = ()
    asked: str = ""

    @property
    def gold_letter(self) -> str:
        return LETTERS[self.options.index(self.gold)] if self.options else ""


def _options(rng: random.Random, gold: str, words: tuple[str, ...]) -> tuple[str, ...]:
    options = [gold, *rng.sample([word for word in words if word != gold], 3)]
    rng.shuffle(options)
    return tuple(options)


def ask_color(rng: random.Random, plate: Plate) -> Question:
    """V* direct attributes, HR-Bench single."""
    text = f"What is the color of the dot on the {plate.shape}?"
    return Question("color", text, plate, plate.color, plate.color, _options(rng, plate.color, tuple(COLORS)))


def ask_side(rng: random.Random, plate: Plate) -> Question:
    """V* relative position, HR-Bench cross."""
    text = f"What is the side of the dot on the {plate.shape}?"
    return Question("side", text, plate, plate.side, plate.side, _options(rng, plate.side, tuple(SIDES)))


def ask_presence(plate: Plate, asked: str) -> Question:
    """POPE: is there such a dot?"""
    text = f"Is there a {asked} dot on the {plate.shape}?"
    return Question("presence", text, plate, plate.color, "yes" if asked == plate.color else "no", asked=asked)


def absent_color(rng: random.Random, scene: Scene, plate: Plate, strategy: str) -> str:
    """A colour the plate's dot has not.

    A model that cannot see the dot says yes the more readily the better it sees that colour elsewhere, so the
    strategies are POPE's in rising difficulty: ``random`` asks for a colour that no dot of the picture has,
    ``popular`` for one of three that are always the same, ``adversarial`` for another dot's, a plain one's if
    there is one.
    """
    others = [other for other in scene.plates if other.color != plate.color]
    if strategy == "adversarial" and others:
        plain = [other for other in others if other.difficulty == "plain"]
        return rng.choice(plain or others).color
    if strategy == "popular":
        return rng.choice([color for color in POPULAR if color != plate.color])
    shown = {other.color for other in scene.plates}
    return rng.choice([color for color in COLORS if color not in shown])


def random_question(rng: random.Random, scene: Scene, kind: Kind, plate: Plate) -> Question:
    """A training question of one kind; half of the absent colours are other dots'."""
    if kind == "color":
        return ask_color(rng, plate)
    if kind == "side":
        return ask_side(rng, plate)
    if rng.random() < 0.5:
        return ask_presence(plate, plate.color)
    others = [other.color for other in scene.plates if other.color != plate.color]
    absent = [color for color in COLORS if color != plate.color]
    near = rng.choice((True, False))
    return ask_presence(plate, rng.choice(others if near and others else absent))
