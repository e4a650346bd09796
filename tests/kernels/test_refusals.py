"""What the native kernels refuse, how they say it, and what they leave alone."""

import inspect

import numpy as np
import pytest

import handgrad.kernels.reference as reference

pytestmark = pytest.mark.usefixtures("variant")


def ones(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


def good_call(kernel: str) -> list[object]:
    """Arguments that the kernel takes: a small case for each, N = C = 2."""
    vector, image, window = ones(4), ones(2, 2, 4, 4), ones(2, 2, 2, 2)
    places = np.zeros((2, 2, 2, 2), "int32")
    labels = np.array([0, 1])
    square, each = ones(2, 2), ones(2)
    calls: dict[str, list[object]] = {
        "gather_images": [square, ones(3, 2), labels, 1.0, 0.0],
        "one_hot": [square, labels],
        "dense_forward": [square, square, square, each],
        "dense_backward": [square, square, each, square, square, square],
        "dense_weights": [square, square, ones(2, 3), 1],
        "penalty_value": [square, 1.0, 1.0],
        "add_penalty_gradient": [square, square, 1.0, 1.0],
        "sgd_update": [vector, vector, 0.1],
        "momentum_update": [vector, vector, vector, 0.1, 0.9],
        "nesterov_update": [vector, vector, vector, 0.1, 0.9],
        "rmsprop_update": [vector, vector, vector, 0.1, 0.9, 1e-8],
        "adam_update": [vector, vector, vector, vector, 0.1, 0.9, 0.999, 1e-8, 1, 0.0],
        "conv2d_forward": [ones(2, 2, 3, 3), image, window, each, (1, 1), (0, 0)],
        "conv2d_backward": [image, window, each, ones(2, 2, 3, 3), image, window, (1, 1), (0, 0)],
        "max_pool_forward": [window, places, image, (2, 2), (2, 2)],
        "max_pool_backward": [image, window, places],
        "avg_pool_forward": [window, image, (2, 2), (2, 2)],
        "avg_pool_backward": [image, window, (2, 2), (2, 2)],
        "batch_statistics": [each, each, each, each, image, 1e-5, 0.9],
        "running_statistics": [each, each, each, each, 1e-5],
        "batch_norm_forward": [image, image, each, each, each, each],
        "batch_norm_backward": [image, each, each, image, image, each, each, each, True],
        "dropout_forward": [square, square, square, square, 0.5],
    }
    losses = {"softmax_cross_entropy", "cross_entropy", "binary_cross_entropy", "squared_error"}
    if kernel in losses:
        return [each, square, square, square, each]
    return calls.get(kernel) or [square] * len(inspect.signature(getattr(reference, kernel)).parameters)


def native_kernel(kernel: str):  # type: ignore[no-untyped-def]
    from handgrad.kernels import native

    return getattr(native, kernel)


def copies(arguments: list[object]) -> list[object]:
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]


def wrong_versions(kernel: str, name: str, good: np.ndarray) -> dict[str, object]:
    """What may not stand in for a good argument."""
    wider = list(good.shape)
    wider[0 if good.ndim == 1 or kernel == "one_hot" else 1] += 5
    wrong: dict[str, object] = {
        "dtype": good.astype("float64" if good.dtype != np.float64 else "float32"),
        "layout": np.repeat(good, 2, axis=-1)[..., ::2],
        "shape": np.zeros(wider, good.dtype),
        "a list": good.tolist(),
    }
    if (kernel, name) in {
        ("one_hot", "t"),
        ("gather_images", "x"),
        ("gather_images", "images"),
        ("penalty_value", "W"),
    }:
        wrong["dtype"] = good.astype("complex64")  # both float types are right, nothing else in the call fixes one
    if (kernel, name) in {("penalty_value", "W"), ("dense_weights", "x")}:  # a wider one is right too
        del wrong["shape"]
    return wrong


@pytest.mark.parametrize("kernel", reference.__all__)
def test_every_array_of_another_dtype_shape_or_layout_is_refused(kernel: str) -> None:
    good = good_call(kernel)
    native_kernel(kernel)(*copies(good))
    names = list(inspect.signature(getattr(reference, kernel)).parameters)
    outcomes = {}
    for i, argument in enumerate(good):
        wrong = wrong_versions(kernel, names[i], argument) if isinstance(argument, np.ndarray) else {}
        for what, value in wrong.items():
            try:
                native_kernel(kernel)(*[*copies(good[:i]), value, *copies(good[i + 1 :])])
                outcomes[names[i], what] = "taken"
            except (TypeError, ValueError) as error:
                outcomes[names[i], what] = str(error)
    assert outcomes
    assert [case for case, message in outcomes.items() if not message.startswith(f"{kernel}: ")] == []


def test_the_message_says_which_argument_what_is_needed_and_what_came() -> None:
    with pytest.raises(TypeError) as wrong_dtype:
        native_kernel("relu_backward")(ones(5, 3), ones(5, 3, dtype="float64"), ones(5, 3))
    assert str(wrong_dtype.value) == (
        "relu_backward: dy must be a C-contiguous float32 array of shape (5, 3); received float64 of shape (5, 3)"
    )
    with pytest.raises(ValueError, match=r"W must .* of shape \(3, 2\); received non-contiguous float32 of shape"):
        native_kernel("dense_backward")(None, ones(3, 4)[:, ::2], None, ones(5, 2), ones(5, 3), ones(3, 2))


def test_images_of_another_size_than_the_net_takes_are_told_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"x must .* of shape \(2, 28, 28\); received float32 of shape \(2, 5, 5\)"):
        native_kernel("gather_images")(ones(2, 5, 5), ones(9, 28, 28), np.array([0, 1]), 1.0, 0.0)


def test_destinations_that_are_read_only_are_refused() -> None:
    y = ones(3)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="y is overwritten, but is read-only"):
        native_kernel("relu_forward")(y, ones(3))


@pytest.mark.parametrize("index", [-1, 3, 2**62, -(2**63)])
def test_indices_and_labels_out_of_range_are_refused_before_anything_is_written(index: int) -> None:
    x, t = np.full((2, 4), np.nan, np.float32), np.full((2, 3), np.nan, np.float32)
    with pytest.raises(IndexError, match=rf"indices\[1\] is {index}, not one of 0 … 2"):
        native_kernel("gather_images")(x, ones(3, 4), np.array([0, index]), 1.0, 0.0)
    with pytest.raises(IndexError, match=rf"labels\[1\] is {index}, not one of 0 … 2"):
        native_kernel("one_hot")(t, np.array([0, index]))
    assert np.isnan(x).all()
    assert np.isnan(t).all()


def test_winners_outside_the_image_are_refused() -> None:
    with pytest.raises(IndexError, match="winner holds 16, not one of 0 … 15"):
        native_kernel("max_pool_backward")(ones(1, 1, 4, 4), ones(1, 1, 1, 1), np.full((1, 1, 1, 1), 16, "int32"))


@pytest.mark.parametrize("stride", [(0, 1), (1, -1), (3, 1)])
def test_windows_that_do_not_fit_are_refused(stride: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"stride must be at least 1|the windows reach beyond the image"):
        native_kernel("avg_pool_forward")(ones(1, 1, 2, 2), ones(1, 1, 4, 4), (2, 2), stride)


def test_empty_batches_are_no_error() -> None:
    native_kernel("relu_forward")(ones(0, 3), ones(0, 3))
    native_kernel("gather_images")(ones(0, 3), ones(2, 3), np.array([], dtype=np.int64), 1.0, 0.0)
    native_kernel("one_hot")(ones(0, 3), np.array([], dtype=np.int64))
