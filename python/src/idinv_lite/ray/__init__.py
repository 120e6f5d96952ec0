"""Inversion of whole data sets on a Ray cluster, into Parquet.

    import ray
    import idinv_lite.ray as cluster

    pictures = cluster.read_pictures("s3://bucket/faces/")
    rows = cluster.invert(pictures, "faces.idinv", cluster.Options(steps=50))     # a ray.data.Dataset
    cluster.run(["s3://bucket/faces/"], "s3://bucket/codes/", "faces.idinv")      # with resuming

The command is `python -m idinv_lite.ray`. It needs `pip install 'idinv-lite[ray]'`.
"""

from ._folder import to_folder
from ._pipeline import Inverter, Outcome, Pool, invert, read_pictures, run
from ._results import ResultStore
from ._rows import SCHEMA, ModelFile, Options, RowMaker
from ._sources import Columns

__all__ = [
    "SCHEMA",
    "Columns",
    "Inverter",
    "ModelFile",
    "Options",
    "Outcome",
    "Pool",
    "ResultStore",
    "RowMaker",
    "invert",
    "read_pictures",
    "run",
    "to_folder",
]
