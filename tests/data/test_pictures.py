"""Single image files: grey by one rule, and nothing decoded that is too big or not what it should be."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crafted import peak_bytes, pixels, write_picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from handgrad.data.pictures import UnreadableImage, read_picture

GREY = pixels(1)[0]


def reason(path: Path) -> str:
    with pytest.raises(UnreadableImage) as caught:
        read_picture(path)
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_grey_bytes_are_kept(tmp_path: Path, suffix: str) -> None:
    np.testing.assert_array_equal(read_picture(write_picture(tmp_path / f"a.{suffix}", GREY)), GREY)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_formats_are_read(tmp_path: Path, suffix: str) -> None:
    found = read_picture(write_picture(tmp_path / f"a.{suffix}", np.full((8, 8), 130, np.uint8)))
    assert np.abs(found.astype(int) - 130).max() <= 3


def test_colours_become_grey_by_their_luma(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    expected = colours @ np.array([0.299, 0.587, 0.114])
    image = Image.fromarray(colours)
    image.save(tmp_path / "rgb.png")
    assert np.abs(read_picture(tmp_path / "rgb.png") - expected).max() <= 0.51
    image.quantize(64).save(tmp_path / "palette.png")
    looked_up = np.asarray(image.quantize(64).convert("RGB")) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(read_picture(tmp_path / "palette.png") - looked_up).max() <= 0.51


def test_transparent_pixels_are_seen_on_white_paper(tmp_path: Path) -> None:
    pixel = np.zeros((8, 8, 4), np.uint8)  # black ink
    pixel[:, 4:, 3] = 255  # the right half opaque
    pixel[:, 2:4, 3] = 128
    Image.fromarray(pixel).save(tmp_path / "alpha.png")
    found = read_picture(tmp_path / "alpha.png")
    assert (found[:, :2] == 255).all()
    assert (np.abs(found[:, 2:4].astype(int) - 127) <= 1).all()
    assert (found[:, 4:] == 0).all()


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (128, 0), (129, 1), (257 * 77, 77)])
def test_sixteen_bits_become_eight(tmp_path: Path, value: int, expected: int) -> None:
    path = write_picture(tmp_path / "deep.png", np.full((8, 8), value, np.uint16))
    assert (read_picture(path) == expected).all()


def test_black_and_white_become_0_and_255(tmp_path: Path) -> None:
    Image.fromarray(GREY > 127).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "bits.png"), np.where(GREY > 127, 255, 0))


def test_the_orientation_in_exif_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    wide = np.arange(32, dtype=np.uint8).reshape(4, 8)
    Image.fromarray(wide).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "turned.png"), np.rot90(wide, -1))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG file with a right header of this size and next to no content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [4097, 20_000, 60_000])
def test_huge_images_are_refused_before_decoding(tmp_path: Path, side: int) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_that_claims(side, side))
    assert peak_bytes(lambda: "more than 16,777,216" in reason(path)) < 4e6
    assert "more than 16,777,216" in reason(path)


def test_other_formats_are_refused_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "drawing.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n")
    assert "none of the formats PNG" in reason(path)
    stream = io.BytesIO()
    Image.fromarray(GREY).save(stream, "PPM")
    path.write_bytes(stream.getvalue())
    assert "none of the formats PNG" in reason(path)


def test_empty_missing_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.write_bytes(b"")
    assert reason(path) == "an empty file"
    assert reason(tmp_path) == "not a file"
    assert reason(tmp_path / "nowhere.png") == "not a file"


def test_animations_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(frame) for frame in pixels(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert reason(tmp_path / "moving.gif") == "3 frames, expected one"


def test_floats_are_refused(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "floats.tif", GREY.astype(np.float32))
    assert reason(path) == "pixels stored as floats"


def test_every_truncation_of_a_png_is_refused_or_harmless(tmp_path: Path) -> None:
    whole = write_picture(tmp_path / "a.png", GREY).read_bytes()
    path = tmp_path / "cut.png"
    refused = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            np.testing.assert_array_equal(read_picture(path), GREY)  # only the end mark is missing
        except UnreadableImage:
            refused += 1
    assert refused >= len(whole) - 20


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"]))
def test_no_bytes_raise_anything_else(tmp_path: Path, content: bytes, start: bytes) -> None:
    path = tmp_path / "any.png"
    path.write_bytes(start + content)
    found: Any = None
    try:
        found = read_picture(path)
    except UnreadableImage as why:
        found = str(why)
    assert isinstance(found, str) or (found.ndim == 2 and found.dtype == np.uint8)
