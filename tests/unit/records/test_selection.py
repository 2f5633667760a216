"""Some of a split's questions or images: a seed draws the same ones again, and a larger draw holds a smaller one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scripted import sample
from speceyes.records.selection import SomeImages, some_questions

QUESTIONS = [sample(number).model_copy(update={"image_id": f"picture {number // 3}"}) for number in range(30)]


@given(st.integers(1, 40), st.integers(0, 5))
def test_as_many_as_asked_for_in_their_order_and_all_but_one_picture_whole(limit, seed):
    kept = some_questions(QUESTIONS, limit, seed)
    assert len(kept) == min(limit, len(QUESTIONS))
    assert [QUESTIONS.index(one) for one in kept] == sorted(QUESTIONS.index(one) for one in kept)
    counts = [sum(one.image_id == image for one in kept) for image in {one.image_id for one in kept}]
    assert sum(count < 3 for count in counts) <= 1


@given(st.integers(1, 30), st.integers(1, 30))
def test_what_fewer_keep_more_keep_too(one, other):
    fewer, more = sorted((one, other))
    ids = [{kept.sample_id for kept in some_questions(QUESTIONS, limit, 0)} for limit in (fewer, more)]
    assert ids[0] <= ids[1]


def test_another_seed_draws_others():
    assert some_questions(QUESTIONS, 9, 0) != some_questions(QUESTIONS, 9, 1)


def test_a_sample_of_images_takes_all_their_questions_and_grows_without_losing_any():
    asked = [sample(number).model_copy(update={"image_id": f"picture {number // 3}"}) for number in range(30)]
    few, more = (SomeImages(images, seed=0).of(asked) for images in (4, 7))
    assert (len(few), len({one.image_id for one in few})) == (12, 4)
    assert {one.sample_id for one in few} < {one.sample_id for one in more}
    assert few == [one for one in asked if one in few]
    assert SomeImages(4, seed=1).of(asked) != few
    assert SomeImages(99, seed=0).of(asked) == asked
