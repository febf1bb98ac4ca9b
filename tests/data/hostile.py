"""Files that are no usable picture, and pictures that need care; each made by a small function."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def gradient(width: int = 96, height: int = 64) -> Image.Image:
    """Red grows to the right, green downwards; blue is 40."""
    red = np.tile(np.linspace(0, 255, width), (height, 1))
    green = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    pixels = np.stack([red, green, np.full_like(red, 40)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def speckled() -> Image.Image:
    """Does not compress, so half of its file is half of the picture."""
    generator = np.random.default_rng(0)
    return Image.fromarray(generator.integers(0, 256, (64, 64, 3), dtype=np.uint8))


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims width x height pixels, and would hold them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


def zip_of_text() -> bytes:
    return b"PK\x03\x04" + bytes(range(256))


UNUSABLE = {
    "text": (b"dear diary, today I drew a tower\n", "holds text"),
    "web page": (b"<!DOCTYPE html><html>404 not found</html>", "is a web page"),
    "svg": (b'\xef\xbb\xbf<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "heic": (heic(), "HEIC"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "holds text"),
    "zip": (zip_of_text(), "not a picture in a format read here"),
    "cut png": (half(encoded(speckled())), "damaged or incomplete"),
    "cut jpeg": (half(encoded(speckled(), "JPEG")), "damaged or incomplete"),
    "cut gif": (half(encoded(speckled(), "GIF")), "damaged or incomplete"),
    "cut webp": (half(encoded(speckled(), "WEBP", lossless=True)), "damaged or incomplete"),
    "cut tiff": (half(encoded(speckled(), "TIFF")), "save"),
    "cut bmp": (half(encoded(speckled(), "BMP")), "damaged or incomplete"),
    "png header alone": (encoded(gradient())[:20], "save"),
    "bomb": (bomb(100_000, 100_000), "million"),
    "large": (bomb(12_000, 8_000), "12000x8000 pixels; expected at most 80 million"),
    "not finite": (
        encoded(Image.fromarray(np.full((40, 40), np.nan, dtype=np.float32)), "TIFF"),
        "not finite",
    ),
    "no known range": (
        encoded(Image.fromarray(np.full((40, 40), -1e6, dtype=np.float32)), "TIFF"),
        "expected 0 to 1 or 0 to 255",
    ),
    "lab": (encoded(Image.new("LAB", (40, 40)), "TIFF"), "Lab colour"),
}
"""Bytes that are refused, and what the message says."""
