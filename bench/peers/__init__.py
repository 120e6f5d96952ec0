"""Speed, memory and size of idinv-lite beside PyTorch, ONNX Runtime, OpenVINO and ncnn, on this machine."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The published networks under their published names live with the training code.
sys.path.insert(0, str(ROOT / "models" / "training"))
