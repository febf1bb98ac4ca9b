"""A hub of one repository on this machine, spoken to by the real client.

It lists a folder, gates it by token, and gives its files, as the hub does. The client reads the
address and the cache from the environment as it is imported, so it runs in a process of its own:

    python -m tests.text_to_image.fake_hub FOLDER COMPONENT [obtain]

checks the part as a run does before it starts, or obtains it, and prints what came of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = "owner/tiny-if"
COMMIT = "c" * 40
ROOT = Path(__file__).parents[2]


@dataclass
class FakeHub:
    """folder: its repository. accepted: tokens of accounts that have accepted the licence; None
    for a repository without one. status: answered to everything, where set."""

    folder: Path
    accepted: set[str] | None = None
    status: int | None = None
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def environment(self, cache: Path, **more: str) -> dict[str, str]:
        """For a process that takes this for the hub."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(cache),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            **more,
        }

    def ask(
        self, cache: Path, component: str = "stage_one", what: str = "check", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Check or obtain a part of the repository in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "tests.text_to_image.fake_hub", str(cache), component, what],
            cwd=ROOT,
            env=self.environment(cache, **environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def files(self) -> dict[str, Path]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in found}

    @property
    def downloads(self) -> list[str]:
        """Files that were given, in order."""
        marker = f"GET /{REPOSITORY}/resolve/"
        return [line.split("/", 5)[-1] for line in self.asked if line.startswith(marker)]


@contextmanager
def fake_hub(
    folder: Path, accepted: set[str] | None = None, status: int | None = None
) -> Iterator[FakeHub]:
    hub = FakeHub(folder, accepted, status)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.split("?")[0]
            hub.asked.append(f"{self.command} {path}")
            if hub.status is not None:
                self._send(hub.status)
            elif path.startswith(f"/api/models/{REPOSITORY}/revision/"):
                self._list(path)
            elif path == f"/api/models/{REPOSITORY}/auth-check":
                self._gated() or self._send(200, b"{}")
            elif path.startswith(f"/{REPOSITORY}/resolve/"):
                self._gated() or self._give(path.split("/", 5)[-1], with_body)
            else:
                self._send(404, code="RepoNotFound")

        def _list(self, path: str) -> None:
            if path.rsplit("/", 1)[-1] not in ("main", COMMIT):
                self._send(404, code="RevisionNotFound")
                return
            files = [
                {"rfilename": name, "size": file.stat().st_size, "blobId": _sha1(file)}
                for name, file in hub.files().items()
            ]
            self._send(
                200, json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": files}).encode()
            )

        def _gated(self) -> bool:
            if hub.accepted is None:
                return False
            given = self.headers.get("authorization", "").removeprefix("Bearer ")
            if given in hub.accepted:
                return False
            self._send(403 if given else 401, code="GatedRepo")
            return True

        def _give(self, name: str, with_body: bool) -> None:
            file = hub.files().get(name)
            if file is None:
                self._send(404, code="EntryNotFound")
                return
            self._send(200, file.read_bytes(), etag=_sha1(file), with_body=with_body)

        def _send(
            self,
            status: int,
            body: bytes = b"",
            *,
            code: str = "",
            etag: str = "",
            with_body: bool = True,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            if status == 401 and not code:
                # By these words the client knows a bad token from a repository that is not there.
                self.send_header("X-Error-Message", "Invalid credentials in Authorization header")
            if code:
                self.send_header("X-Error-Code", code)
            if etag:
                self.send_header("ETag", f'"{etag}"')
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sha1(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def main() -> None:
    from tasks import DarkroomError
    from tasks.running.kinds import Surroundings
    from tasks.text_to_image.check_models import check_models
    from tasks.text_to_image.find_part import obtain_part
    from tasks.text_to_image.model_part import ModelPart

    root, component, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    part = ModelPart(
        "deepfloyd",
        component,  # type: ignore[arg-type]
        os.environ.get("FAKE_ADDRESS", REPOSITORY),
        revision=os.environ.get("FAKE_REVISION", "main"),
        variant=os.environ.get("FAKE_VARIANT", "fp16") or None,
    )
    try:
        if what == "check":
            check_models([{"model": part.to_params()}], Surroundings("cpu", root))
            print("nothing in the way")
        else:
            messages: list[str] = []
            found = obtain_part(
                part, root, lambda *report: messages.append(report[2]), lambda: False
            )
            print(
                json.dumps({"folder": str(found.folder), "commit": found.commit, "told": messages})
            )
    except DarkroomError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
