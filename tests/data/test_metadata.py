"""What stands beside the pixels of a file never costs the picture; its colour profile counts."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tasks.data.image_files import image_params, read_source
from tasks.data.images import load_image
from tests.data.hostile import encoded, gradient

ORIENTED = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
RED = (200, 60, 60)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(load_image(data, "a picture"))


def with_chunk(name: bytes, content: bytes, crc: int | None = None, *, is_last=False) -> bytes:
    """A PNG of `gradient` with one chunk more."""
    png = encoded(gradient())
    crc = zlib.crc32(name + content) if crc is None else crc
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)
    at = len(png) - 12 if is_last else 33
    return png[:at] + chunk + png[at:]


def with_segment(marker: int, content: bytes, **options) -> bytes:
    """A JPEG of `gradient` with one segment more."""
    jpeg = encoded(gradient(), "JPEG", **options)
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + jpeg[2:]


def with_tag(tag: int, kind: int, count: int, value: int) -> bytes:
    """A TIFF of `gradient` with one entry more in its directory."""
    tiff = encoded(gradient(), "TIFF")
    (at,) = struct.unpack("<I", tiff[4:8])
    (known,) = struct.unpack("<H", tiff[at : at + 2])
    entries = [tiff[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(known)]
    entries.append(struct.pack("<HHII", tag, kind, count, value))
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
    directory = struct.pack("<H", known + 1) + b"".join(entries) + bytes(4)
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + directory


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"eXIf", b"garbage"),
        (b"gAMA", b"1"),
        (b"pHYs", b"1"),
        (b"iCCP", b"x\0\1abc"),
        (b"zTXt", b"k\0\1abc"),
        (b"zTXt", b"k\0\0" + zlib.compress(bytes(5_000_000))),
        (b"tRNS", b"1"),
        (b"acTL", b"1"),
        (b"tEXt", b"Raw profile type exif\0\nexif\nzzzz\nqq"),
    ],
)
def test_a_bad_chunk_of_a_png_is_ignored(name, content, is_last):
    assert np.array_equal(pixels(with_chunk(name, content, is_last=is_last)), gradient())


def test_a_chunk_with_a_wrong_checksum_is_ignored_unless_it_holds_pixels():
    assert np.array_equal(pixels(with_chunk(b"tEXt", b"a\0b", crc=5)), gradient())


@pytest.mark.parametrize(
    ("marker", "content"),
    [
        (0xE0, b"JFIF\0"),
        (0xE1, b"Exif\0\0garbage"),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"MPF\0garbage"),
        (0xED, b"Photoshop 3.0\x008BIM\3\xed"),
        (0xEE, b"Adobe"),
    ],
)
def test_a_bad_segment_of_a_jpeg_is_ignored(marker, content):
    expected = pixels(encoded(gradient(), "JPEG"))
    assert np.array_equal(pixels(with_segment(marker, content)), expected)


@pytest.mark.parametrize(
    "entry", [(270, 2, 100, 10**8), (700, 4, 1, 10**9), (700, 2, 4, 2**32 - 1), (274, 2, 9, 10**8)]
)
def test_a_bad_tag_of_a_tiff_is_ignored(entry):
    assert np.array_equal(pixels(with_tag(*entry)), gradient())


@pytest.mark.parametrize("extension", [b"\xff\0", b"\xff\x0bNETSCAPE2.0\0", b"\1\0", b"\xf9\1a\0"])
def test_a_bad_extension_of_a_gif_is_ignored(extension):
    gif = encoded(gradient(), "GIF")
    at = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    assert np.array_equal(pixels(gif[:at] + b"\x21" + extension + gif[at:]), pixels(gif))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF", "JPEG"])
def test_exif_of_any_format_may_be_garbage(file_format):
    whole = encoded(gradient(), file_format, exif=ORIENTED[:14] + bytes(6))
    broken = whole.replace(ORIENTED[6:14], b"\0\0garbag")
    assert broken != whole
    assert np.array_equal(pixels(broken), pixels(encoded(gradient(), file_format)))


def test_a_webp_cut_off_in_its_metadata_is_read():
    webp = encoded(gradient(), "WEBP", lossless=True, exif=ORIENTED)
    assert np.array_equal(pixels(webp[:-9]), gradient())


def test_a_bad_block_costs_neither_orientation_nor_colours():
    png = encoded(Image.new("RGB", (60, 40), RED), exif=ORIENTED, icc_profile=adobe_rgb())
    found = pixels(png[:33] + b"\0\0\0\1gAMA1\0\0\0\0" + png[33:])
    assert found.shape == (60, 40, 3)
    assert found[0, 0].tolist() == [231, 57, 57]


def test_orientation_holds_beside_a_tag_that_cannot_be_written_again():
    tags = b"\x01\x12\0\3\0\0\0\1\0\6\0\0" + b"\x01\x1a\0\5\0\0\0\1\xff\xff\xff\xff"
    unknown = b"Exif\0\0MM\0*\0\0\0\x08\0\2" + tags + bytes(4)
    assert pixels(encoded(gradient(60, 40), "JPEG", exif=unknown)).shape == (60, 40, 3)


@cache
def adobe_rgb() -> bytes:
    location = {"image": "x", "source": "scikit-image", "name": "rocket.jpg"}
    with Image.open(io.BytesIO(read_source(location, Path()))) as image:
        return image.info["icc_profile"]


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("AVIF", {"quality": 100}),
    ],
)
def test_colours_of_an_embedded_profile_become_those_of_srgb(file_format, options):
    red = encoded(Image.new("RGB", (40, 40), RED), file_format, icc_profile=adobe_rgb(), **options)
    assert np.abs(pixels(red).astype(int) - [231, 57, 57]).max() <= 1


def test_palettes_and_transparent_pictures_are_converted_too():
    red = Image.new("RGB", (40, 40), RED)
    palette = encoded(red.quantize(4), icc_profile=adobe_rgb())
    assert pixels(palette)[0, 0].tolist() == [231, 57, 57]
    half = encoded(Image.new("RGBA", (40, 40), (*RED, 128)), icc_profile=adobe_rgb())
    assert np.abs(pixels(half)[0, 0].astype(int) - [243, 156, 156]).max() <= 1


def test_greys_are_read_by_a_grey_profile_and_stay_grey():
    location = {"image": "x", "source": "scikit-image", "name": "page.png"}
    with Image.open(io.BytesIO(read_source(location, Path()))) as image:
        dot_gain = image.info["icc_profile"]
    sixteen = Image.fromarray(np.full((40, 40), 100 * 257, dtype=np.uint16))
    for grey in (Image.new("L", (40, 40), 100), Image.new("LA", (40, 40), (100, 255)), sixteen):
        assert pixels(encoded(grey, icc_profile=dot_gain))[0, 0].tolist() == [123] * 3


@pytest.mark.parametrize("damage", [lambda p: b"x" * 200, lambda p: p[:200], lambda p: p[:-40]])
def test_a_broken_profile_is_ignored(damage):
    red = encoded(Image.new("RGB", (40, 40), RED), icc_profile=damage(adobe_rgb()))
    assert (pixels(red) == RED).all()


def test_a_profile_that_says_srgb_leaves_every_pixel():
    assert np.array_equal(pixels(encoded(gradient(), icc_profile=srgb())), gradient())


def test_only_pictures_of_other_colours_get_another_key(tmp_path):
    for file_format in ("PNG", "JPEG", "TIFF"):
        for name, options in (
            ("plain", {}),
            ("srgb", {"icc_profile": srgb()}),
            ("adobe", {"icc_profile": adobe_rgb()}),
        ):
            data = encoded(gradient(), file_format, **options)
            (tmp_path / name).write_bytes(data)
            params = image_params({"image": "x", "file": name}, tmp_path)
            assert ("colours" in params) == (name == "adobe"), (file_format, name)
