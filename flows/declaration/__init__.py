"""What pipelines.yaml may say, as pydantic models: one file a section."""

from __future__ import annotations

from flows.declaration.document import Declaration, Pipeline, Profile

__all__ = ["Declaration", "Pipeline", "Profile"]
