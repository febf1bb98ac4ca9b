"""What the shell hands a command: streams, arguments, variables and a folder, none of which can be
relied upon.

A reader that goes away, a full disk under the output or a terminal that is closed takes nothing but
the output with it. What is not UTF-8 among names of files is refused, since declarations, keys and
pages are. Proxies are for other machines.
"""

from __future__ import annotations

import errno
import io
import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from urllib.parse import urlsplit

from flows.runners.workforce import is_loopback

LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
"""Names of this machine under which Prefect's server and the report are reached."""

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
PROXIES = ("http_proxy", "https_proxy", "all_proxy")

_output_counts = True


@contextmanager
def in_shell() -> Iterator[None]:
    """Around a whole command, whose SystemExit says how it ended.

    Exit code 2 for what the shell hands over and cannot be used; 1 if what a command was to print
    did not fit on its disk.
    """
    global _output_counts
    _output_counts = True
    _open_closed_descriptors()
    out, err = _Lasting(1), _Lasting(2)
    sys.stdout, sys.stderr = _text(out, sys.stdout), _text(err, sys.stderr)
    code: Any = 0
    try:
        problem = _unusable()
        if problem is None:
            spare_loopback()
            yield
        else:
            print(problem, file=sys.stderr)
            code = 2
    except SystemExit as end:
        code = end.code
    # A reader that has seen enough is no fault.
    if out.problem is not None and out.problem.errno != errno.EPIPE:
        print(f"stdout could not be written: {out.problem.strerror}", file=sys.stderr)
        code = code or (1 if _output_counts else 0)
    sys.exit(code)


def output_is_told_besides() -> None:
    """What the command does is its result, and the exit code tells how that ended, read or not."""
    global _output_counts
    _output_counts = False


def spare_loopback() -> None:
    """No program that this process is, or starts, goes through a proxy to reach this machine."""
    given = [os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")]
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    server = urlsplit(os.environ.get("PREFECT_API_URL", "")).netloc.rpartition("@")[2]
    host = re.sub(r":\d*$", "", server).strip("[]")
    names = list(dict.fromkeys([*names, *LOOPBACK, *([host] if is_loopback(host) else [])]))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(names)


class _Lasting(io.RawIOBase):
    """A descriptor that takes everything; what cannot be written is dropped from then on.

    problem: why. Unbuffered, so that a signal's handler can print while something is printed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.problem: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        size = len(view)
        while view and self.problem is None:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                # The other end shares its setting with this one.
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.problem = error
        return size


class _Text(io.TextIOWrapper):
    """buffer: hidden, or Click would write UTF-8 to it where the locale is ASCII."""

    buffer = None  # type: ignore[assignment]


def _text(raw: _Lasting, like: TextIO | None) -> TextIO:
    """Over `raw`, in the encoding of `like`; "?" for what that does not have."""
    encoding = getattr(like, "encoding", None) or "utf-8"
    return _Text(raw, encoding=encoding, errors="replace", write_through=True)  # type: ignore[arg-type]


def _open_closed_descriptors() -> None:
    """Else the next file that is opened, one of the store's, would be stdout."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _unusable() -> str | None:
    """What is wrong with what was handed over, as a sentence; None if nothing is."""
    for argument in sys.argv[1:]:
        if not _is_utf8(argument):
            return f"{_shown(argument)}: not UTF-8; rename the file{_mode()}"
    for name, value in os.environ.items():
        is_read = name.startswith(("DARKROOM_", "PREFECT_")) or name in ("HOME", "TMPDIR")
        if is_read and not _is_utf8(value):
            return f"{name}={_shown(value)}: not UTF-8; rename the folder{_mode()}"
        if name.lower() in PROXIES and value and _is_unknown_proxy(value):
            return (
                f"{name}={value.rpartition('@')[2]}: no proxy that can be used; expected "
                f"{', '.join(f'{scheme}://' for scheme in PROXY_SCHEMES)} or HOST:PORT, or unset it"
            )
    try:
        folder = os.getcwd()
    except OSError:
        return "the folder this was started in is no longer there; go to another and run again"
    if not _is_utf8(folder):
        return f"{_shown(folder)}: not UTF-8; rename the folder, or run in another{_mode()}"
    return None


def _is_unknown_proxy(value: str) -> bool:
    scheme, separator, _ = value.partition("://")
    return bool(separator) and scheme.lower() not in PROXY_SCHEMES


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return os.fsencode(text).decode(errors="backslashreplace")


def _mode() -> str:
    """What else helps where Python was told to take names for ASCII."""
    return "" if sys.getfilesystemencoding() == "utf-8" else ", or set PYTHONUTF8=1"
