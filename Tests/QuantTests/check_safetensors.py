"""Opens a model file with the reference implementation of safetensors and prints what the test compares.

Usage: check_safetensors.py FILE. Prints one line per tensor: name, dtype, shape, CRC-32 of its bytes.
Exits 77 where safetensors or numpy is not installed.
"""

import json
import sys
import zlib

try:
    import numpy  # noqa: F401
    from safetensors import safe_open
except ImportError:
    sys.exit(77)


def main():
    with safe_open(sys.argv[1], framework="numpy") as file:
        metadata = file.metadata()
        assert metadata["format"] == "idinv", metadata
        json.loads(metadata["specification"])
        checksums = json.loads(metadata["checksums"])
        for name in sorted(file.keys()):
            if name.startswith("__pad."):
                continue
            tensor = file.get_tensor(name)
            crc = format(zlib.crc32(tensor.tobytes()), "08x")
            assert checksums[name] == crc, name
            print(name, tensor.dtype, list(tensor.shape), crc)


if __name__ == "__main__":
    main()
