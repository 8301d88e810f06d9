"""Pictures for tests: smooth random scenes, all different."""

import cv2
import numpy as np


def scene(seed, height=48, width=48):
    """Colour blobs over a gradient: detail at several scales, as photographs have."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((3, 1.0), (6, 0.7), (12, 0.4)):
        coarse = rng.normal(size=(cells, cells, 3)).astype(np.float32)
        image += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + 45 * image, 0, 255).astype(np.uint8)
