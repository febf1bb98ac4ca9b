"""From a part of a model to the folder that holds its files, fetched from the hub if need be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks import BadInput
from tasks.data.stand_ins import refuse_stand_in
from tasks.text_to_image.file_digest import files_digest
from tasks.text_to_image.hub import (
    Listing,
    Report,
    cached_folder,
    check_space,
    commit_of,
    fetch,
    list_repository,
)
from tasks.text_to_image.model_part import (
    LAYOUTS,
    POCKET_SIMILARITY,
    HubAddress,
    ModelPart,
    locate,
    or_pocket,
)
from tasks.text_to_image.published_layout import INDEX, PartFiles, files_of_folder, part_files


@dataclass(frozen=True)
class FoundPart:
    """A part that is whole on this machine. commit: of the hub, None for a folder of the user's."""

    folder: Path
    files: PartFiles
    commit: str | None = None


@dataclass(frozen=True)
class ListedPart:
    """A part that the hub has and this machine may fetch."""

    hub: HubAddress
    files: PartFiles
    listing: Listing
    cached: frozenset[str]

    @property
    def to_fetch(self) -> list[str]:
        return [name for name in self.files.all if name not in self.cached]

    @property
    def weight_bytes(self) -> int:
        return sum(self.listing.sizes[name] for name in self.files.weights)


def check_space_for(listed: Mapping[ModelPart, ListedPart]) -> None:
    """Raise BadInput if the disk has no room for all that is to be fetched of these parts. A file
    that several of them need counts once."""
    sizes = {
        (each.hub, name): each.listing.sizes[name]
        for each in listed.values()
        for name in each.to_fetch
    }
    if sizes:
        check_space(list(listed), sum(sizes.values()))


def find_part(part: ModelPart, project_root: Path) -> FoundPart | HubAddress:
    """The part where it lies, or the repository that it has to come from. Asks no network.

    Raises BadInput for a folder that is not there or lacks files.
    """
    place = locate(part.address, part.revision, project_root)
    if isinstance(place, Path):
        return _of_folder(part, place)
    folder = cached_folder(place)
    if folder is not None:
        files = part_files(part.component, part.variant, files_of_folder(folder))
        if not files.missing:
            return _found(part, folder, files)
    return place


def list_part(part: ModelPart, hub: HubAddress) -> ListedPart:
    """What is to be fetched. Raises BadInput if it cannot be: no network, no licence."""
    listing = list_repository(part, hub)
    files = part_files(part.component, part.variant, listing.sizes)
    if files.missing:
        raise _not_whole(part, hub.repository, files)
    folder = cached_folder(hub)
    cached = frozenset(files_of_folder(folder)) if folder is not None else frozenset()
    return ListedPart(hub, files, listing, cached)


def obtain_part(
    part: ModelPart, project_root: Path, report: Report, should_stop: Callable[[], bool]
) -> FoundPart:
    """The part, fetched if it is not here. Raises BadInput; StepCancelled once should_stop is
    true; BadInput too if a folder holds other files than when the run was planned."""
    found = find_part(part, project_root)
    if isinstance(found, HubAddress):
        listed = list_part(part, found)
        check_space_for({part: listed})
        fetch(part, found, listed.to_fetch, listed.listing.sizes, report, should_stop)
        found = find_part(part, project_root)
        if isinstance(found, HubAddress):
            raise BadInput(f"{part.title}: its files changed while they were fetched; run again")
    if part.digest is not None and part.digest != digest_of(found):
        raise BadInput(
            f"{part.title}: {found.folder} has changed since the run was planned; run it again"
        )
    return found


def digest_of(found: FoundPart) -> str:
    """One hash of all files that decide what the part computes."""
    return files_digest(found.folder, [name for name in found.files.all if name != INDEX])


def _of_folder(part: ModelPart, folder: Path) -> FoundPart:
    if not folder.is_dir():
        raise BadInput(
            f"{part.title}: there is no folder {folder}; correct {part.declared_at} in "
            f"pipelines.yaml{_restore(part)}{or_pocket(part)}"
        )
    files = part_files(part.component, part.variant, files_of_folder(folder))
    if files.missing:
        raise _not_whole(part, str(folder), files)
    return _found(part, folder, files)


def _found(part: ModelPart, folder: Path, files: PartFiles) -> FoundPart:
    """Raises BadInput if some file is another one under its name."""
    for name in files.all:
        try:
            refuse_stand_in(folder / name)
        except BadInput as error:
            raise BadInput(f"{part.title}: {error}{_restore(part)}{or_pocket(part)}") from error
    return FoundPart(folder, files, commit_of(folder))


def _not_whole(part: ModelPart, place: str, files: PartFiles) -> BadInput:
    return BadInput(
        f"{part.title}: {place} is not a whole model in {LAYOUTS[part.component]} layout: "
        f"{'; '.join(files.missing)}{_restore(part)}{or_pocket(part)}"
    )


def _restore(part: ModelPart) -> str:
    """The pocket model comes with the source, and can be made again."""
    is_ours = part.backend == "pocket" or part.address == POCKET_SIMILARITY
    if not is_ours:
        return ""
    return ", check the files out again, or train them with `darkroom train-pocket`"
