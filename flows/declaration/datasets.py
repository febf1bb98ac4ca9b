"""Data sets: scikit-learn's embedded scans, or Parquet files in the hub's schema."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import Fraction, Name, Repository, RowCount, Section, Sha256, Title

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


class HubDataset(Section):
    """folder: under the data root. repository: owner/name on the hub. pixels_sha256: of the pixels
    [N, 28, 28]; labels_sha256: of the labels [N]; both as uint8, in the file's order."""

    source: Literal["hub"]
    title: Title
    folder: Name
    repository: Repository
    pixels_sha256: SplitHashes
    labels_sha256: SplitHashes
    rows: SplitRows

    @property
    def train_rows(self) -> int:
        return self.rows.train

    @property
    def test_rows(self) -> int:
        return self.rows.test


Dataset = Annotated[ScikitLearnDataset | HubDataset, Field(discriminator="source")]
