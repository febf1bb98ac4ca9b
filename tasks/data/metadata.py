"""What picture files hold beside pixels: found, and left out where a decoder stumbles over it.

Walks the blocks of each format without Pillow, which refuses a whole picture for one bad block;
and without importing it, since plans ask whether a file has a colour profile.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator

ORIENTATION, COLOURS, TRANSPARENCY = "orientation", "colours", "transparency"
"""Metadata that changes how a picture is seen, and that a bad block elsewhere must not cost."""

_PIXELS, _OTHER = "pixels", "other"

Part = tuple[str, bytes]
"""What a block of a file is for, and its bytes."""

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = {b"eXIf": ORIENTATION, b"iCCP": COLOURS, b"tRNS": TRANSPARENCY}
_WEBP_CHUNKS = {b"EXIF": ORIENTATION, b"ICCP": COLOURS, b"XMP ": _OTHER}
_WEBP_FLAGS = {ORIENTATION: 0x08, COLOURS: 0x20}
_WEBP_METADATA = 0x08 | 0x20 | 0x04
_TIFF_TAGS = {274: ORIENTATION, 34675: COLOURS}
_TIFF_PIXELS = {
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320),
    *(322, 323, 324, 325, 332, 338, 339, 347, 512, 513, 514, 515, 519, 520, 521, 529, 530),
    *(531, 532),
}  # fmt: skip
"""Tags of an image file directory (TIFF 6.0) that say how its pixels are stored."""


def with_less_metadata(data: bytes) -> Iterator[bytes]:
    """The same picture with less and less beside its pixels, each time other bytes.

    First without what changes nothing to be seen, then without a colour profile, without an
    orientation, without both, and without transparency. Nothing for formats not known here, and
    for files whose blocks cannot be told apart.
    """
    seen = {data}
    for kept in (
        {ORIENTATION, COLOURS, TRANSPARENCY},
        {ORIENTATION, TRANSPARENCY},
        {COLOURS, TRANSPARENCY},
        {TRANSPARENCY},
        set[str](),
    ):
        less = _keep(data, kept)
        if less not in seen:
            seen.add(less)
            yield less


def has_other_colours(data: bytes) -> bool:
    """Whether a colour profile is embedded that does not call itself sRGB."""
    if data.startswith(_PNG_START):
        profiles = [part for what, part in _png_parts(data) if what == COLOURS]
        return any(not _is_called_srgb(_inflated(part)) for part in profiles)
    # Every profile has this at its byte 36, and no other format here compresses it.
    at = data.find(b"acsp") - 36
    if at < 0:
        return False
    (size,) = struct.unpack(">I", data[at : at + 4])
    return not _is_called_srgb(data[at : at + size])


def _is_called_srgb(profile: bytes) -> bool:
    return any("sRGB".encode(encoding) in profile for encoding in ("ascii", "utf-16-be"))


def _inflated(chunk: bytes) -> bytes:
    """The profile of an iCCP chunk: length, type, a name, its end and the method before it."""
    start = chunk.find(b"\0", 8) + 2
    try:
        return zlib.decompressobj().decompress(chunk[start:-4], 1_000_000)
    except zlib.error:
        return b""


def _keep(data: bytes, kept: Collection[str]) -> bytes:
    """The file without metadata but that of `kept`."""
    try:
        if data.startswith(_PNG_START):
            return _PNG_START + _joined(_png_parts(data), kept)
        if data.startswith(b"\xff\xd8"):
            return data[:2] + _joined(_jpeg_parts(data), kept)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data, kept)
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return _joined(_gif_parts(data), kept)
        if data[4:12] in (b"ftypavif", b"ftypavis"):
            return _avif(data, kept)
        if data[:4] in (b"II*\0", b"MM\0*"):
            return _tiff(data, kept)
    except (struct.error, IndexError):  # Blocks that end too early: damaged beyond metadata.
        pass
    return data


def _joined(parts: Iterator[Part], kept: Collection[str]) -> bytes:
    return b"".join(part for what, part in parts if what == _PIXELS or what in kept)


def _png_parts(data: bytes) -> Iterator[Part]:
    at = len(_PNG_START)
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        # The first letter is a capital where a decoder cannot do without the chunk.
        what = _PIXELS if name[:1].isupper() else _PNG_CHUNKS.get(name, _OTHER)
        yield what, data[at : at + 12 + size]
        at += 12 + size


def _jpeg_parts(data: bytes) -> Iterator[Part]:
    at = 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1]
        (size,) = struct.unpack(">H", data[at + 2 : at + 4])
        is_metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if (not is_metadata and not 0xC0 <= marker <= 0xDD) or marker in (0xD8, 0xD9, 0xDA):
            break
        segment = data[at : at + 2 + size]
        yield _jpeg_use(marker, segment[4:]) if is_metadata else _PIXELS, segment
        at += 2 + size
    yield _PIXELS, data[at:]


def _jpeg_use(marker: int, content: bytes) -> str:
    # These two say how colours are coded, if they are whole.
    is_coding = (marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 14) or (
        marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12
    )
    if is_coding:
        return _PIXELS
    if marker == 0xE1 and content.startswith(b"Exif\0\0"):
        return ORIENTATION
    return COLOURS if marker == 0xE2 and content.startswith(b"ICC_PROFILE\0") else _OTHER


def _webp(data: bytes, kept: Collection[str]) -> bytes:
    body, at = b"", 12
    while at + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[at : at + 8])
        end = at + 8 + size + size % 2
        chunk = data[at:end]
        what = _WEBP_CHUNKS.get(name, _PIXELS)
        if name == b"VP8X":
            flags = sum(flag for use, flag in _WEBP_FLAGS.items() if use in kept)
            chunk = chunk[:8] + bytes([chunk[8] & (flags | ~_WEBP_METADATA & 0xFF)]) + chunk[9:]
        # One that is cut off makes the decoder refuse the file.
        if what == _PIXELS or (what in kept and end <= len(data)):
            body += chunk
        at = end
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _gif_parts(data: bytes) -> Iterator[Part]:
    at = 13 + _gif_colours(data[10])
    yield _PIXELS, data[:at]
    while data[at] == 0x21:
        end = at + 2
        while data[end]:
            end += 1 + data[end]
        # A control block of four bytes holds the transparent colour of what follows.
        is_control = data[at + 1 : at + 3] == b"\xf9\x04" and end == at + 7
        yield TRANSPARENCY if is_control else _OTHER, data[at : end + 1]
        at = end + 1
    # The first frame is all that is wanted.
    yield _PIXELS, data[at:]


def _gif_colours(flags: int) -> int:
    """Bytes of the table of colours that follows."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _avif(data: bytes, kept: Collection[str]) -> bytes:
    """Entries of other types are skipped by decoders; where the items lie must not change."""
    names = {b"Exif": ORIENTATION, b"mime": _OTHER}
    for name, what in names.items():
        at = data.find(b"infe")
        while at >= 0 and what not in kept:
            # After the name of the box: version and flags, an id of two or four bytes, and more.
            wide = 14 if data[at + 4 : at + 5] == b"\x03" else 12
            if data[at + wide : at + wide + 4] == name:
                data = data[: at + wide] + b"skip" + data[at + wide + 4 :]
            at = data.find(b"infe", at + 4)
    at = data.find(b"colrprof")
    if at >= 0 and COLOURS not in kept:
        data = data[:at] + b"skip" + data[at + 4 :]
    return data


def _tiff(data: bytes, kept: Collection[str]) -> bytes:
    """With a shorter directory in the place of the first one; it has no other."""
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack(f"{order}I", data[4:8])
    (count,) = struct.unpack(f"{order}H", data[at : at + 2])
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    wanted = []
    for entry in entries:
        (tag,) = struct.unpack(f"{order}H", entry[:2])
        if tag in _TIFF_PIXELS or _TIFF_TAGS.get(tag) in kept:
            wanted.append(entry)
    directory = struct.pack(f"{order}H", len(wanted)) + b"".join(wanted) + bytes(4)
    return data[:at] + directory + data[at + len(directory) :]
