"""One image file to one array of grey bytes, by one rule, with everything checked before it is decoded.

The rule: the EXIF orientation is applied; transparent pixels are seen on white paper; palettes are looked up; colours
become grey by the luma of ITU-R BT.601, L = 0.299 R + 0.587 G + 0.114 B; 16-bit grey becomes 8-bit by division by
257 (so 65535 is 255), rounded. Nothing is resized.
"""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 4096 * 4096
MAX_FILE_BYTES = 256 * 1024**2


class UnreadableImage(DataError):
    """One image file cannot be used; the message is the reason, without the file's name."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The image as bytes (H, W), by the rule above.

    Raises:
        UnreadableImage: for an empty file, another format than PNG, JPEG, GIF, BMP, TIFF and WebP (whatever the name
            says), a damaged or animated image, or more than 4096×4096 pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        if not path.is_file():
            raise UnreadableImage("not a file")
        size = path.stat().st_size
        if not 0 < size <= MAX_FILE_BYTES:
            raise UnreadableImage("an empty file" if size == 0 else f"{size:,} bytes, more than {MAX_FILE_BYTES:,}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which does not concern the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                W, H = image.size
                if W * H > MAX_PIXELS:
                    raise UnreadableImage(f"{W}×{H} pixels, more than {MAX_PIXELS:,}")
                frames = getattr(image, "n_frames", 1)
                if frames > 1:
                    raise UnreadableImage(f"{frames} frames, expected one")
                image.load()
                return _to_grey(ImageOps.exif_transpose(image))
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        raise UnreadableImage(f"none of the formats {', '.join(FORMATS)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableImage(f"more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:  # Pillow's decoders raise anything on damaged input: struct.error, IndexError, …
        raise UnreadableImage(f"damaged ({type(error).__name__}: {error})") from None


def _to_grey(image: object) -> NDArray[np.uint8]:
    from PIL import Image

    if not isinstance(image, Image.Image):
        raise UnreadableImage("not an image")
    if image.mode.startswith("I"):
        return _from_16_bits(np.asarray(image))
    if image.mode == "F":
        raise UnreadableImage("pixels stored as floats")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        image = Image.alpha_composite(paper, coloured).convert("RGB")
    elif image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return np.array(image.convert("L"), np.uint8)


def _from_16_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    wide = values.astype(np.int64)
    if wide.min() < 0 or wide.max() > 65535:
        raise UnreadableImage("pixels beyond 16 bits")
    return ((wide + 128) // 257).astype(np.uint8)
