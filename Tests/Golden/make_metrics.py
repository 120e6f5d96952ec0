"""Makes `metrics/`: what numpy, SciPy and scikit-learn say about distances of sets and about detectors.

Needs numpy, scipy and scikit-learn. Run from anywhere; the seeds are fixed.
"""

import json
import os

import numpy as np
import scipy.linalg
import scipy.ndimage
from sklearn.metrics import average_precision_score, precision_recall_curve

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics")


def frechet(a, b):
    """As pytorch-fid and torch-fidelity compute it, in double precision."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(ca @ cb)
    difference = a.mean(0) - b.mean(0)
    return float(difference @ difference + np.trace(ca) + np.trace(cb) - 2 * np.trace(root.real))


def lpips_style(f, g):
    """lpips.normalize_tensor, squared difference, sum over channels, mean over positions."""
    f, g = f.astype(np.float64), g.astype(np.float64)
    f = f / (np.sqrt((f**2).sum(0, keepdims=True)) + 1e-10)
    g = g / (np.sqrt((g**2).sum(0, keepdims=True)) + 1e-10)
    return float(((f - g) ** 2).sum(0).mean())


# The functions of the published code of Progressive Growing of GANs (metrics/sliced_wasserstein.py).
WINDOW = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).astype(np.float32) / 256


def pyr_down(x):
    return scipy.ndimage.convolve(x, WINDOW[None], mode="mirror")[:, ::2, ::2]


def pyr_up(x):
    result = np.zeros((x.shape[0], x.shape[1] * 2, x.shape[2] * 2), x.dtype)
    result[:, ::2, ::2] = x
    return scipy.ndimage.convolve(result, WINDOW[None] * 4, mode="mirror")


def pyramid(image, count):
    levels = [image]
    for _ in range(1, count):
        levels.append(pyr_down(levels[-1]))
        levels[-2] = levels[-2] - pyr_up(levels[-1])
    return levels


def finalize(descriptors):
    d = descriptors.reshape(-1, 3, 7, 7).astype(np.float64)
    d -= d.mean(axis=(0, 2, 3), keepdims=True)
    d /= d.std(axis=(0, 2, 3), keepdims=True)
    return d.reshape(len(d), -1)


def sliced_wasserstein(a, b, directions):
    pa, pb = np.sort(a @ directions, axis=0), np.sort(b @ directions, axis=0)
    return float(np.mean(np.abs(pa - pb)))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    random = np.random.default_rng(20200331)
    result = {}

    def save(name, array):
        np.save(os.path.join(FOLDER, name + ".npy"), array.astype(np.float32))
        return array.astype(np.float32)

    mix = random.normal(size=(24, 24))
    a = save("features_a", random.normal(size=(60, 24)) @ mix)
    b = save("features_b", random.normal(size=(70, 24)) @ (mix + 0.3 * random.normal(size=(24, 24))) + 0.5)
    result["frechet"] = frechet(a, b)
    # Fewer vectors than dimensions: a singular covariance, where sqrtm is at its least exact.
    result["frechet_few"] = frechet(a[:10], b)
    covariance = np.cov(a.astype(np.float64), rowvar=False)
    result["eigenvalues"] = np.linalg.eigvalsh(covariance).tolist()

    f = save("feature_f", np.maximum(random.normal(size=(12, 5, 7)), 0))
    g = save("feature_g", np.maximum(random.normal(size=(12, 5, 7)), 0))
    result["lpips_style"] = lpips_style(f, g)

    # Ties within and across classes, and few positives.
    scores = np.round(random.normal(size=90), 1)
    labels = (scores + random.normal(size=90) > 0.9).astype(int)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    result["detector"] = {
        "scores": scores.tolist(), "labels": labels.astype(bool).tolist(),
        "average_precision": float(average_precision_score(labels, scores)),
        # scikit-learn lists rising thresholds and ends with an extra point (1, 0).
        "precision": precision[:-1].tolist(), "recall": recall[:-1].tolist(), "thresholds": thresholds.tolist(),
    }

    image = save("pyramid_image", random.uniform(-1, 1, size=(3, 32, 32)))
    for level, array in enumerate(pyramid(image, 2)):
        save(f"pyramid_level{level}", array)
    patches_a = save("patches_a", random.normal(size=(40, 147)) * 2 + 1)
    patches_b = save("patches_b", random.normal(size=(40, 147)) ** 3)
    directions = random.normal(size=(147, 16))
    directions = save("directions", directions / np.sqrt((directions**2).sum(0)))
    result["sliced_wasserstein"] = sliced_wasserstein(finalize(patches_a), finalize(patches_b), directions.astype(np.float64))

    with open(os.path.join(FOLDER, "metrics.json"), "w") as file:
        json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
