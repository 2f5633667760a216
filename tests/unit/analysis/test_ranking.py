import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from speceyes.analysis.ranking import area_difference, aurc, auroc

LEVEL = 0.95


def apart(count):
    return np.arange(count)


def drawn(generator, images, per_image, distance, share=0.6):
    """Answers about images whose confidences go together; right ones are surer by ``distance``."""
    picture = np.repeat(np.arange(images), per_image)
    right = generator.random(len(picture)) < share
    noise = np.sqrt(0.5) * (generator.normal(size=len(picture)) + generator.normal(size=images)[picture])
    return right, right * distance + noise, picture


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=30))
def test_the_area_under_the_curve_is_scikit_learns(rows):
    right, confidence = (np.array(column) for column in zip(*rows, strict=True))
    found = auroc(right, confidence / 5, apart(len(rows)))
    if right.all() or not right.any():
        assert found is None
    else:
        assert found.value == pytest.approx(roc_auc_score(right, confidence / 5))


def test_risk_coverage_by_hand():
    # Surest first: right, wrong, right, wrong; selective risks 0, 1/2, 1/3, 1/2.
    right = np.array([True, False, True, False])
    assert aurc(right, np.array([0.9, 0.8, 0.7, 0.6]), apart(4)).value == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_a_confidence_that_knows_nothing_has_the_overall_error_as_its_area():
    assert aurc(np.array([True, False, False, True]), np.full(4, 0.5), apart(4)).value == pytest.approx(0.5)


def test_the_area_does_not_depend_on_the_order_of_ties():
    right = np.array([True, False, True, True, False])
    confidence = np.array([0.9, 0.9, 0.5, 0.5, 0.5])
    turned = np.array([1, 0, 4, 3, 2])
    one, other = aurc(right, confidence, apart(5)), aurc(right[turned], confidence[turned], turned)
    assert one.value == pytest.approx(other.value)
    assert one.influence == pytest.approx(other.influence)


@pytest.mark.parametrize("area", [auroc, aurc])
@pytest.mark.parametrize("steps", [1000, 4])
def test_an_images_influence_is_what_a_little_more_of_it_changes(area, steps):
    """Many copies of everything, and of one image one more."""
    generator = np.random.default_rng(1)
    right, confidence, images = drawn(generator, 12, 3, 1.0)
    confidence = np.round(confidence * steps) / steps
    copies = np.tile(np.arange(len(right)), 60)
    found = area(right[copies], confidence[copies], images[copies])
    for image in range(3):
        rows = np.concatenate([copies, np.flatnonzero(images == image)])
        changed = area(right[rows], confidence[rows], images[rows]).value - found.value
        assert changed * 60 == pytest.approx(found.influence[image], abs=0.004)


@pytest.mark.parametrize("area", [auroc, aurc])
def test_the_spread_agrees_with_drawing_images_anew(area):
    generator = np.random.default_rng(2)
    right, confidence, images = drawn(generator, 60, 3, 1.0)
    values = []
    for _ in range(600):
        rows = np.concatenate([np.flatnonzero(images == image) for image in generator.integers(0, 60, 60)])
        values.append(area(right[rows], confidence[rows], images[rows]).value)
    assert np.sqrt(area(right, confidence, images).variance) == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize("per_image", [1, 4])
@pytest.mark.parametrize("answers", [40, 160])
@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
def test_the_true_area_under_the_curve_is_covered(per_image, answers, distance):
    generator = np.random.default_rng([per_image, answers, int(distance)])
    true, covered, trials = norm.cdf(distance / np.sqrt(2)), 0, 300
    for _ in range(trials):
        low, high = auroc(*drawn(generator, answers // per_image, per_image, distance)).interval(LEVEL)
        covered += low <= true <= high
    assert covered / trials >= LEVEL - 2 * np.sqrt(LEVEL * (1 - LEVEL) / trials)


@pytest.mark.parametrize("area", [auroc, aurc])
@pytest.mark.parametrize("answers", [6, 20])
def test_few_answers_ranked_without_a_fault_prove_no_perfect_ranking(area, answers):
    right = np.arange(answers) >= 3
    found = area(right, np.arange(answers) / answers, apart(answers))
    low, high = found.interval(LEVEL)
    assert low <= found.value <= high
    assert high - low > 0.1
    again = area_difference(found, found, LEVEL)
    assert again.low <= 0 <= again.high


def test_rows_about_one_image_are_one_piece_of_evidence():
    right, confidence = np.array([True] * 40 + [False] * 40), np.r_[np.ones(40), np.zeros(40)]
    low, _ = auroc(right, confidence, np.repeat([0, 1], 40)).interval(LEVEL)
    assert low < 0.1


def test_equal_confidences_are_rarely_called_different_and_a_useless_one_is():
    generator = np.random.default_rng(3)
    rejected, trials = 0, 300
    for _ in range(trials):
        right, one, images = drawn(generator, 80, 2, 1.0)
        other = right * 1.0 + generator.normal(size=len(right))
        rejected += area_difference(auroc(right, one, images), auroc(right, other, images), LEVEL).p <= 0.05
    assert rejected / trials <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / trials)
    right, one, images = drawn(generator, 200, 2, 2.0)
    noise = generator.random(len(right))
    assert area_difference(auroc(right, one, images), auroc(right, noise, images), LEVEL).low > 0.1
    assert area_difference(aurc(right, one, images), aurc(right, noise, images), LEVEL).high < 0
