"""Parts of a split that a job works on: some images with all their questions."""

from __future__ import annotations

from scripted import sample
from speceyes.records.parts import SomeImages


def test_a_sample_of_images_takes_all_their_questions_and_grows_without_losing_any():
    asked = [sample(number).model_copy(update={"image_id": f"picture {number // 3}"}) for number in range(30)]
    few, more = (SomeImages(images, seed=0).of(asked) for images in (4, 7))
    assert (len(few), len({one.image_id for one in few})) == (12, 4)
    assert {one.sample_id for one in few} < {one.sample_id for one in more}
    assert few == [one for one in asked if one in few]
    assert SomeImages(4, seed=1).of(asked) != few
    assert SomeImages(99, seed=0).of(asked) == asked
