"""The kernels in NumPy, written to be read: the specification that every other implementation must equal.

Grammar of every signature: destinations first, then what is read. Every destination is overwritten, none
aliases an argument, and a destination that is `None` is skipped. `d` before a name means "gradient of the
loss by". Arrays are C-contiguous and of one dtype, float32 or float64, unless the comment says otherwise.
Three families read what they overwrite, and say so: the penalty's gradient, the optimisers, running
statistics. Elementwise activations may be given the same array as x and y, or as dy and dx.
"""

from handgrad.kernels.reference.activations import (
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
    tanh_forward,
)
from handgrad.kernels.reference.convolution import conv2d_backward, conv2d_forward
from handgrad.kernels.reference.dense import dense_backward, dense_forward, dense_weights
from handgrad.kernels.reference.dropout import dropout_backward, dropout_forward
from handgrad.kernels.reference.input import gather_images, one_hot
from handgrad.kernels.reference.losses import (
    binary_cross_entropy,
    cross_entropy,
    softmax_cross_entropy,
    squared_error,
)
from handgrad.kernels.reference.normalization import (
    batch_norm_backward,
    batch_norm_forward,
    batch_statistics,
    running_statistics,
)
from handgrad.kernels.reference.optimizers import (
    adam_update,
    momentum_update,
    nesterov_update,
    rmsprop_update,
    sgd_update,
)
from handgrad.kernels.reference.penalty import add_penalty_gradient, penalty_value
from handgrad.kernels.reference.pooling import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
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
    "dense_weights",
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
]
