"""Makes `semantics/`: normals of scikit-learn's linear SVMs, and closed-form directions by NumPy's `eigh`.

The samples are not stored: they follow from a seed (`torch.randn` on a CPU, which `TorchRandom` reproduces). Needs torch,
numpy and scikit-learn; takes a minute or two. Run from anywhere.
"""

import json
import os
import time

import numpy as np
import torch
from sklearn.svm import SVC, LinearSVC

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "semantics")
COUNT, DIMENSION = 10_000, 512


def samples():
    """10,000 codes with decaying spread and a mean, and noisy scores that depend on a direction."""
    torch.manual_seed(7)
    codes = torch.randn(COUNT, DIMENSION).numpy()
    codes = codes * np.exp(-np.arange(DIMENSION, dtype=np.float32) / 128) + np.float32(0.3)
    direction = torch.randn(DIMENSION).numpy()
    noise = torch.randn(COUNT).numpy()
    clean = ((codes - np.float32(0.3)).astype(np.float64)) @ direction
    return codes, clean / 10 + 0.3 * noise


def closed_form():
    """SeFa on layers 0 to 3 of `res32`: the five largest eigenvalues and eigenvectors, computed as the published program does."""
    state = torch.load(os.path.join(os.path.dirname(FOLDER), "res32", "generator.pth"), weights_only=False)
    name = "synthesis.layer{}.epilogue.style_mod.dense.fc.weight"
    weight = np.concatenate([state[name.format(layer)].numpy().T for layer in range(4)], axis=1).astype(np.float64)
    weight /= np.linalg.norm(weight, axis=0, keepdims=True)
    values, vectors = np.linalg.eigh(weight @ weight.T)
    return values[::-1][:5], vectors[:, ::-1][:, :5].T


def main():
    os.makedirs(FOLDER, exist_ok=True)
    codes, scores = samples()
    order = np.argsort(-scores, kind="stable")
    top, bottom = order[:140], order[-140:]
    confident = np.concatenate([top, bottom])
    half = np.where(scores > np.median(scores), 1, -1)
    ends = np.concatenate([np.ones(140), -np.ones(140)])
    cases = {
        "all_hinge": (SVC(kernel="linear", tol=1e-4), codes, half),
        "all_squared": (LinearSVC(dual=False, intercept_scaling=100, tol=1e-8), codes, half),
        "confident_hinge": (SVC(kernel="linear", tol=1e-6), codes[confident], ends),
        "confident_squared": (LinearSVC(dual=False, intercept_scaling=100, tol=1e-8), codes[confident], ends),
    }
    figures = {}
    for name, (machine, rows, labels) in cases.items():
        began = time.perf_counter()
        machine.fit(rows, labels)
        normal = machine.coef_.ravel()
        figures[name] = {
            "seconds": round(time.perf_counter() - began, 3),
            "norm": float(np.linalg.norm(normal)),
            "bias": float(machine.intercept_[0]),
        }
        np.save(os.path.join(FOLDER, name + ".npy"), (normal / np.linalg.norm(normal)).astype(np.float32))
    values, vectors = closed_form()
    figures["eigenvalues"] = [float(value) for value in values]
    np.save(os.path.join(FOLDER, "closed_form.npy"), vectors.astype(np.float32))
    with open(os.path.join(FOLDER, "figures.json"), "w") as file:
        json.dump(figures, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
