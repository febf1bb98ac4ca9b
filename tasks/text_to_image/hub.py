"""Models of the hub: what the local cache holds, what the hub lists, and fetching the difference.

Tokens are the hub library's business: it reads HF_TOKEN, or its own login. None passes through
here, and none is in an error that leaves.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tasks import BadInput, DarkroomError, StepCancelled
from tasks.text_to_image.memory import show_size
from tasks.text_to_image.model_part import HubAddress, ModelPart, or_pocket
from tasks.text_to_image.quiet import quiet_libraries

TIMEOUT_SECONDS = 15.0

T = TypeVar("T")

Report = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Listing:
    """A repository at one commit. sizes: path to bytes."""

    commit: str
    sizes: dict[str, int]


def cached_folder(hub: HubAddress) -> Path | None:
    """Where the cache keeps files of the revision, all of them or some; None if it has none."""
    repository = _cache() / f"models--{hub.repository.replace('/', '--')}"
    try:
        commit = (repository / "refs" / hub.revision).read_text().strip()
    except OSError:
        commit = hub.revision
    folder = repository / "snapshots" / commit
    return folder if folder.is_dir() else None


def commit_of(folder: Path) -> str | None:
    """The commit of a folder in the cache; None for any other folder."""
    return folder.name if folder.parent.name == "snapshots" else None


def list_repository(part: ModelPart, hub: HubAddress) -> Listing:
    """What the hub has, once it has let this machine in. Raises BadInput that says what is in the
    way: no network, no such repository or revision, no token, no accepted licence."""
    from huggingface_hub import HfApi

    def ask() -> Listing:
        api = HfApi()
        info = api.model_info(
            hub.repository, revision=hub.revision, files_metadata=True, timeout=TIMEOUT_SECONDS
        )
        # A gated repository shows its list to everyone, but gives its files only to some.
        api.auth_check(hub.repository)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        return Listing(info.sha or hub.revision, sizes)

    return _asked(part, hub, ask)


def check_space(parts: Sequence[ModelPart], needed: int) -> None:
    """Raise BadInput if the cache's disk has no room for `needed` bytes more, all of `parts`."""
    cache = _cache()
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise BadInput(
            f"{' and '.join(part.title for part in parts)}: {show_size(needed)} are to be "
            f"downloaded to {cache}, where {show_size(free)} are free; free some, or set "
            f"HF_HUB_CACHE to another disk{or_pocket(parts[0])}"
        )


def fetch(
    part: ModelPart,
    hub: HubAddress,
    names: Iterable[str],
    sizes: dict[str, int],
    report: Report,
    should_stop: Callable[[], bool],
) -> None:
    """Bring the named files into the cache. Raises BadInput, or StepCancelled once should_stop is
    true; what was fetched until then stays."""
    from huggingface_hub import hf_hub_download

    names = list(names)
    counter = _Counter(part, sum(sizes.get(name, 0) for name in names), report, should_stop)

    def download() -> None:
        for name in names:
            counter.begin()
            hf_hub_download(
                hub.repository, name, revision=hub.revision, tqdm_class=counter.progress_bar()
            )

    _asked(part, hub, download, should_stop)


class _Counter:
    """Adds up what has come, and ends the download once asked to."""

    def __init__(
        self, part: ModelPart, total: int, report: Report, should_stop: Callable[[], bool]
    ) -> None:
        self._part, self._total = part, total
        self._report, self._should_stop = report, should_stop
        self._done = 0.0

    def begin(self) -> None:
        if self._should_stop():
            raise StepCancelled(f"{self._part.title}: stopped while it was downloaded")
        done, total = show_size(int(self._done)), show_size(self._total)
        self._report(
            self._done, self._total, f"downloading {self._part.address}, {done} of {total}"
        )

    def add(self, count: float) -> None:
        self._done += count
        self.begin()

    def progress_bar(self) -> Any:
        """What the hub library takes for a progress bar of tqdm."""
        counter = self

        class Bar:
            def __init__(self, *_: Any, initial: float = 0, **__: Any) -> None:
                counter._done += initial

            def __enter__(self) -> Bar:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, count: float | None = 1) -> None:
                counter.add(count or 0)

            def __getattr__(self, name: str) -> Callable[..., None]:
                return lambda *_, **__: None

        return Bar


def _asked(
    part: ModelPart,
    hub: HubAddress,
    question: Callable[[], T],
    should_stop: Callable[[], bool] = lambda: False,
) -> T:
    """The answer; every exception of the libraries turned into one that tells what to do."""
    try:
        with quiet_libraries():
            return question()
    except DarkroomError:
        raise
    except Exception as error:
        refusal: DarkroomError = BadInput(explain(error, part, hub))
    if should_stop():
        # Some transports wrap what the progress bar raises.
        refusal = StepCancelled(f"{part.title}: stopped while it was downloaded")
    # Out here, without a cause: the libraries' exceptions hold the request, and in it the token.
    raise refusal


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def explain(error: Exception, part: ModelPart, hub: HubAddress) -> str:
    """What stands in the way. Of the error only its class and status are told: its text holds
    addresses and identifiers of the request."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{hub.repository}"
    if isinstance(error, errors.GatedRepoError):
        reason = _gated(hub, page)
    elif isinstance(error, errors.RepositoryNotFoundError):
        reason = (
            f"there is neither a folder nor a repository of the hub named {hub.repository}, or the "
            f"repository is private; correct the address of {part.declared_at}, or set "
            "HF_TOKEN to a token that may read it"
        )
    elif isinstance(error, errors.RevisionNotFoundError):
        reason = (
            f"{hub.repository} has no revision {hub.revision!r}; name a branch, tag or commit of "
            f"{page}/commits in {part.declared_at}"
        )
    elif _is_offline(error):
        reason = (
            f"{hub.repository} is not whole on this machine, and HF_HUB_OFFLINE keeps it from "
            "being downloaded; unset HF_HUB_OFFLINE once"
        )
    elif status := _status(error):
        reason = _refused(hub, status)
    else:
        reason = (
            f"{hub.repository} is not whole on this machine, and the hub cannot be reached "
            f"({type(error).__name__}); connect to {constants.ENDPOINT}"
        )
    return reason + or_pocket(part)


def _gated(hub: HubAddress, page: str) -> str:
    from huggingface_hub import get_token

    if get_token() is None:
        return (
            f"{hub.repository} needs an accepted licence and a token, and there is no token; "
            f"accept the licence at {page} and set HF_TOKEN to a token of that account"
        )
    return (
        f"{hub.repository} needs an accepted licence, and the account of HF_TOKEN has not accepted "
        f"it, or its token may not read gated repositories; accept the licence at {page}, or let "
        "the token read them"
    )


def _refused(hub: HubAddress, status: int) -> str:
    if status in (401, 403):
        return (
            f"{hub.repository} cannot be downloaded: the hub does not accept the token in HF_TOKEN "
            f"(status {status}); set HF_TOKEN to a valid one, or unset it"
        )
    return f"{hub.repository} cannot be downloaded: the hub answers with status {status}; try later"


def _is_offline(error: Exception) -> bool:
    from huggingface_hub import constants, errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return True
    return isinstance(error, errors.LocalEntryNotFoundError) and constants.HF_HUB_OFFLINE


def _status(error: Exception) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None
