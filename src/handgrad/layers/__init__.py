"""Layers: hand-derived mathematics, one family a file, forward and backward adjacent."""

from handgrad.layers.activations import ReLU, Sigmoid, Softmax, Tanh
from handgrad.layers.base import Buffer, Layer, Param, ParameterLayer, State
from handgrad.layers.convolution import Conv2D
from handgrad.layers.dense import Dense
from handgrad.layers.dropout import Dropout
from handgrad.layers.normalization import BatchNorm
from handgrad.layers.pooling import AvgPool2D, MaxPool2D
from handgrad.layers.reshape import Flatten, Identity

_KINDS: tuple[type[Layer], ...] = (
    Dense, Conv2D, MaxPool2D, AvgPool2D, BatchNorm, Dropout, Flatten, ReLU, Tanh, Sigmoid, Identity, Softmax,
)  # fmt: skip

#: the closed registry of names that a config may use
LAYERS: dict[str, type[Layer]] = {kind.__name__: kind for kind in _KINDS}

__all__ = [
    "LAYERS",
    "AvgPool2D",
    "BatchNorm",
    "Buffer",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Identity",
    "Layer",
    "MaxPool2D",
    "Param",
    "ParameterLayer",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "State",
    "Tanh",
]
