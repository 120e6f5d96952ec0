"""Inverts images with Spark: one model in each Python worker, batch by batch.

    spark-submit spark.py s3a://bucket/faces/ s3a://bucket/codes/ [model.idinv]

Every machine has the wheel of idinv-lite, and the model at the same path. A bad image is a row with an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, when
from pyspark.sql.types import ArrayType, FloatType, StringType, StructField, StructType

STEPS = 100
ROW = StructType([StructField("code", ArrayType(FloatType())), StructField("error", StringType())])


def inverter(path: str | None) -> Callable[[], Callable[[Any], dict[str, Any]]]:
    """What Spark calls once in each worker; the model stays there."""

    def open_model() -> Callable[[Any], dict[str, Any]]:
        import idinv_lite as idinv
        import numpy as np

        model = idinv.Model.open(path, threads=1)
        size = model.info.layer_count * model.info.dimension

        def invert(pictures: Any) -> dict[str, Any]:
            # Spark takes columns of one shape: a row with an error has an empty code here, and none in the result.
            codes = np.zeros((len(pictures), size), np.float32)
            errors = np.full(len(pictures), "", object)
            fitted, places = [], []
            for place, picture in enumerate(pictures):
                try:
                    fitted.append(model.read_images(bytes(picture))[0])
                    places.append(place)
                except idinv.IdinvError as problem:
                    errors[place] = problem.reason
            result = model.invert(fitted, steps=STEPS)
            for index, place in enumerate(places):
                if index in result.failures:
                    errors[place] = result.failures[index].reason
                else:
                    codes[place] = result.codes[index].ravel()
            return {"code": codes, "error": errors}

        return invert

    return open_model


def main(images: str, output: str, model: str | None = None) -> None:
    spark = SparkSession.builder.appName("idinv-lite").getOrCreate()
    invert = predict_batch_udf(inverter(model), return_type=ROW, batch_size=8)
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(images)
    rows = files.repartition(spark.sparkContext.defaultParallelism * 4).select("path", invert("content").alias("row"))
    is_good = col("row.error") == ""
    codes = when(is_good, col("row.code")).alias("code")
    errors = when(~is_good, col("row.error")).alias("error")
    rows.select("path", codes, errors).write.mode("overwrite").parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
