"""A handful of training scenes, rendered small: enough for what tests of the training ask."""

import random

import numpy as np
from speceyes.miniature.scenes import as_array, render, zoom_window
from speceyes.training.pool import AGENT_VIEW, DRAFT_VIEW, Pool, benchmark_scene


def small_pool(scenes: int, seed: int = 0) -> Pool:
    """A pool whose pictures are rendered at the size of the views."""
    rng = random.Random(seed)
    drawn = [benchmark_scene(rng) for _ in range(scenes)]
    windows = [[zoom_window(plate) for plate in scene.plates] for scene in drawn]
    crops = [
        np.stack([as_array(render(scene, AGENT_VIEW, window)) for window in own])
        for scene, own in zip(drawn, windows, strict=True)
    ]
    return Pool(
        scenes=drawn,
        draft_views=np.stack([as_array(render(scene, DRAFT_VIEW)) for scene in drawn]),
        agent_views=np.stack([as_array(render(scene, AGENT_VIEW)) for scene in drawn]),
        crops=np.stack(crops),
        windows=windows,
    )
