"""Fake kinds in every Python process that has this folder on its path, such as a worker's."""

from tests.flows import fake_kinds

fake_kinds.install()
