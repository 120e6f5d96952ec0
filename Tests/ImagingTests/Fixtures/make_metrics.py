"""Reference figures of MSE, PSNR and SSIM (metrics.json) on the pairs that it writes as PNG files.

Made with scikit-image 0.26.0 and numpy; deterministic. Needs: numpy, Pillow, scikit-image.
"""
import json
from pathlib import Path

import numpy as np
import skimage
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

HERE = Path(__file__).parent


def main():
    random = np.random.default_rng(7)
    figures = []
    for index, (height, width, noise) in enumerate([(48, 40, 12), (11, 11, 40), (32, 64, 3)]):
        y, x = np.mgrid[0:height, 0:width]
        base = np.stack([127 + 100 * np.sin(x / 5 + c) * np.cos(y / (6 + c)) for c in range(3)], -1)
        first = np.clip(base, 0, 255).astype(np.uint8)
        second = np.clip(base + random.normal(0, noise, base.shape) + 4, 0, 255).astype(np.uint8)
        names = [f"pair{index}-{side}.png" for side in "ab"]
        for name, image in zip(names, (first, second)):
            Image.fromarray(image).save(HERE / name)
        figures.append({
            "first": names[0], "second": names[1],
            "mse_255": float(mean_squared_error(first, second)),
            "mse_pm1": float(mean_squared_error(first / 127.5 - 1, second / 127.5 - 1)),
            "psnr_db": float(peak_signal_noise_ratio(first, second, data_range=255)),
            "ssim": float(structural_similarity(
                first, second, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False)),
        })
    (HERE / "metrics.json").write_text(
        json.dumps({"scikit-image": skimage.__version__, "pairs": figures}, indent=1) + "\n")


main()
