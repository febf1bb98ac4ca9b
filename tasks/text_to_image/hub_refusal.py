"""Why the hub gave nothing, and what to do about it, in one sentence."""

from __future__ import annotations

from tasks.text_to_image.model_part import HubAddress, ModelPart

POCKET = "pocket"
"""The backend whose weights come with Darkroom."""


def or_pocket(part: ModelPart, needs: str = "none of this") -> str:
    """The way out that is always open; nothing for the pocket model itself."""
    if part.component == "similarity":
        return "; or leave out similarity.model, and the one that comes with Darkroom is used"
    return "" if part.backend == POCKET else f"; or use --backend pocket, which needs {needs}"


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
