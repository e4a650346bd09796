"""The kernels in C++ (src/native): the same names and signatures as `reference`, held equal to it by the tests.

Compiled once for each kind of processor; the best that this one can is taken, or the one that `HANDGRAD_CPU` names
(baseline, avx2, avx512). Matrix products are NumPy's. One thread, and the GIL is released in calls that take long.
Arguments are checked: TypeError for another dtype, ValueError for another shape or memory that is not contiguous,
IndexError for an index or label out of range.
"""

import os

from handgrad.errors import UsageError
from handgrad.kernels._native import (
    adam_update,
    add_penalty_gradient,
    avg_pool_backward,
    avg_pool_forward,
    batch_norm_backward,
    batch_norm_forward,
    batch_statistics,
    binary_cross_entropy,
    conv2d_backward,
    conv2d_forward,
    cross_entropy,
    dense_backward,
    dense_forward,
    dropout_backward,
    dropout_forward,
    gather_images,
    max_pool_backward,
    max_pool_forward,
    momentum_update,
    nesterov_update,
    one_hot,
    penalty_value,
    relu_backward,
    relu_forward,
    rmsprop_update,
    running_statistics,
    sgd_update,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_cross_entropy,
    softmax_forward,
    squared_error,
    tanh_backward,
    tanh_forward,
    use_variant,
    variant,
    variants,
)

__all__ = [
    "adam_update",
    "add_penalty_gradient",
    "avg_pool_backward",
    "avg_pool_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "batch_statistics",
    "binary_cross_entropy",
    "conv2d_backward",
    "conv2d_forward",
    "cross_entropy",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "gather_images",
    "max_pool_backward",
    "max_pool_forward",
    "momentum_update",
    "nesterov_update",
    "one_hot",
    "penalty_value",
    "relu_backward",
    "relu_forward",
    "rmsprop_update",
    "running_statistics",
    "sgd_update",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_forward",
    "squared_error",
    "tanh_backward",
    "tanh_forward",
    "variant",
]

if wanted := os.environ.get("HANDGRAD_CPU"):
    try:
        use_variant(wanted)
    except ValueError:
        raise UsageError(
            f"HANDGRAD_CPU={wanted}: this processor runs no kernels of that name; it runs {', '.join(variants())}"
        ) from None
