"""Pictures inside the page and the choice of mistakes."""

import base64
import io

import numpy as np
from PIL import Image

from handgrad.report.pictures import data_uri, picture, pixel_range, surest_mistakes


def test_mistakes_are_the_surest_wrong_ones() -> None:
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.95, 0.05], [0.3, 0.7]])
    found = surest_mistakes(probabilities, np.array([1, 1, 1, 0]), limit=2)
    assert [(m.index, m.true, m.predicted) for m in found] == [(2, 1, 0), (3, 0, 1)]
    assert found[0].probability == 0.95
    assert found[0].true_probability == 0.05


def test_bytes_survive_the_way_into_the_page() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    pixels = picture(image, *pixel_range(image))
    assert pixels is not None
    content = base64.b64decode(data_uri(pixels).partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), image[0])


def test_floats_are_stretched_over_their_range() -> None:
    images = np.array([[-1.0, 0.0], [1.0, 3.0]], dtype=np.float32).repeat(8).reshape(2, 16)
    low, high = pixel_range(images)
    assert (low, high) == (-1.0, 3.0)
    pixels = picture(images[1], low, high)
    assert pixels is not None
    assert pixels.shape == (4, 4)
    assert (pixels.min(), pixels.max()) == (128, 255)


def test_colour_and_what_is_no_picture() -> None:
    colour = picture(np.zeros((3, 8, 8), dtype=np.uint8), 0, 255)
    assert colour is not None
    assert colour.shape == (8, 8, 3)
    assert picture(np.zeros(7), 0, 1) is None
    assert picture(np.zeros((16, 8, 8)), 0, 1) is None
