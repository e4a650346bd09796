"""Whole CNNs and layers in several conventions, read without an option: right ones let through, wrong ones named."""

from pathlib import Path

import numpy as np
import pytest

from handgrad.check.diagnosis import diagnose_layer
from handgrad.check.reading.arrange import from_program, to_program
from handgrad.check.reading.examine import examine
from handgrad.check.reading.layers.find import find_layers
from handgrad.check.reading.layers.scipy_signal import convolve2d, correlate2d
from handgrad.check.reading.program import load_program
from handgrad.check.reading.source import Source
from handgrad.check.reading.wishes import Wishes
from handgrad.check.subject import Diagnosis

pytestmark = pytest.mark.slow

LAYERS = """
import numpy as np
from scipy import signal

class Conv:
    def __init__(self, input_shape, kernel_size, depth):
        c, h, w = input_shape
        self.depth, self.input_shape = depth, input_shape
        self.kernels = np.random.randn(depth, c, kernel_size, kernel_size)
        self.biases = np.random.randn(depth, h - kernel_size + 1, w - kernel_size + 1)
    def forward(self, input):
        self.input = input
        self.output = np.copy(self.biases)
        for i in range(self.depth):
            for j in range(len(input)):
                self.output[i] += signal.correlate2d(input[j], self.kernels[i, j], "valid")
        return self.output
    def backward(self, output_gradient, learning_rate):
        kernels_gradient = np.zeros(self.kernels.shape)
        input_gradient = np.zeros(self.input_shape)
        for i in range(self.depth):
            for j in range(len(self.input)):
                kernels_gradient[i, j] = signal.correlate2d(self.input[j], output_gradient[i], "valid")
                input_gradient[j] += signal.convolve2d(output_gradient[i], self.kernels[i, j], "full")
        self.kernels -= learning_rate * kernels_gradient
        self.biases -= learning_rate * output_gradient
        return input_gradient

class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)
    def backward(self, grad):
        return grad * np.where(self.x > 0, 1, self.alpha)

class BatchNorm:
    def __init__(self, dim):
        self.gamma, self.beta = np.ones(dim), np.zeros(dim)
        self.running_mean, self.running_var = np.zeros(dim), np.ones(dim)
    def forward(self, x, training=True):
        mu, var = self.running_mean, self.running_var
        if training:
            mu, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * mu
            self.running_var = 0.9 * self.running_var + 0.1 * var
        self.inverse = 1 / np.sqrt(var + 1e-5)
        self.hat = (x - mu) * self.inverse
        return self.gamma * self.hat + self.beta
    def backward(self, dout):
        N = len(dout)
        self.dbeta, self.dgamma = dout.sum(axis=0), (dout * self.hat).sum(axis=0)
        g = dout * self.gamma
        return self.inverse / N * (N * g - g.sum(axis=0) - self.hat * (g * self.hat).sum(axis=0))

class Dropout:
    def __init__(self, p=0.5):
        self.p, self.training = p, True
    def forward(self, x):
        if not self.training:
            return x
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask
    def backward(self, grad):
        return grad * self.mask

class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)
    def backward(self, grad):
        return grad.reshape(self.shape)

class GrayPool:
    def forward(self, image):
        self.image = image
        h, w = image.shape
        return image.reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
    def backward(self, dout):
        return np.repeat(np.repeat(dout, 2, axis=0), 2, axis=1) / 4
"""

NET = """
import numpy as np

class CNN:
    def __init__(self, height=12, width=12, channels=1, filters=6, classes=4, lr=0.01):
        self.lr = lr
        self.Wc = np.random.randn(3, 3, channels, filters) * 0.1
        self.bc = np.zeros(filters)
        self.Wd = np.random.randn((height // 2) * (width // 2) * filters, classes) * 0.01
        self.bd = np.zeros(classes)

    def forward(self, x):
        n, h, w, c = x.shape
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        self.cols = np.empty((n, h, w, 3, 3, c))
        for i in range(3):
            for j in range(3):
                self.cols[:, :, :, i, j] = padded[:, i:i + h, j:j + w]
        self.z = np.tensordot(self.cols, self.Wc, axes=3) + self.bc
        self.a = np.maximum(self.z, 0)
        self.pooled = self.a.reshape(n, h // 2, 2, w // 2, 2, -1).mean(axis=(2, 4))
        self.flat = self.pooled.reshape(n, -1)
        logits = self.flat @ self.Wd + self.bd
        e = np.exp(logits - logits.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def train_on_batch(self, x, y):
        p = self.forward(x)
        n = len(x)
        loss = -np.log(p[np.arange(n), y]).mean()
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        dWd, dbd = self.flat.T @ d, d.sum(0)
        dp = (d @ self.Wd.T).reshape(self.pooled.shape)
        da = np.repeat(np.repeat(dp, 2, axis=1), 2, axis=2) / 4
        dz = da * (self.z > 0)
        dWc = np.tensordot(self.cols, dz, axes=([0, 1, 2], [0, 1, 2]))
        dbc = dz.sum(axis=(0, 1, 2))
        self.Wd -= self.lr * dWd
        self.bd -= self.lr * dbd
        self.Wc -= self.lr * dWc
        self.bc -= self.lr * dbc
        return loss
"""


def keys_of(text: str) -> list[str]:
    examined = examine(Source(Path("net.py"), text), Wishes())
    return [f.explanation for part in examined.parts for f in part.diagnosis.findings if f.verdict != "convention"]


def diagnosed(text: str) -> list[tuple[str, str, Diagnosis]]:
    found = find_layers(load_program(Source(Path("layers.py"), text)))
    return [(layer.name, layer.kind, diagnose_layer(layer)) for layer, _ in found]


def test_layers_in_many_conventions_are_right() -> None:
    parts = diagnosed(LAYERS)
    kinds = {name: kind for name, kind, _ in parts}
    assert kinds == {
        "Conv": "conv", "LeakyReLU": "elementwise", "BatchNorm": "batchnorm", "Dropout": "dropout",
        "Flatten": "flatten", "GrayPool": "avgpool",
    }  # fmt: skip
    assert {diagnosis.verdict for _, _, diagnosis in parts} == {"right"}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('self.input[j], output_gradient[i], "valid")', 'self.input[j], output_gradient[i], "valid")[::-1, ::-1]',
         "conv_dw_flipped"),
        ("signal.convolve2d(output_gradient[i]", "signal.correlate2d(output_gradient[i]", "conv_dx_not_turned"),
        ("grad * np.where(self.x > 0, 1, self.alpha)", "grad * (self.x > 0)", "slope_leak"),
        ("            self.running_mean = 0.9 * self.running_mean + 0.1 * mu\n"
         "            self.running_var = 0.9 * self.running_var + 0.1 * var\n", "", "bn_running_never_updated"),
        ("0.9 * self.running_var + 0.1 * var", "0.9 * self.running_var + 0.9 * var", "bn_running_wrong"),
        ("mu, var = self.running_mean, self.running_var\n", "mu, var = x.mean(axis=0), x.var(axis=0)\n",
         "bn_batch_statistics_at_test"),
        ("(N * g - g.sum(axis=0)", "(N * g - N * g.sum(axis=0)", "bn_sums_for_means"),
        ("        if not self.training:\n            return x\n", "", "active_at_test"),
        ("> self.p) / (1 - self.p)", "> self.p) / self.p", "dropout_keep_and_drop"),
        ("        self.mask = (", "        if not hasattr(self, 'mask'): self.mask = (", "dropout_same_mask"),
        ("return grad.reshape(self.shape)", "n, c, h, w = self.shape; return grad.reshape(n, h, w, c)."
         "transpose(0, 3, 1, 2)", "flatten_order"),
        ("np.repeat(np.repeat(dout, 2, axis=0), 2, axis=1) / 4", "np.repeat(np.repeat(dout, 2, axis=0), 2, axis=1)",
         "avgpool_not_divided"),
    ],
)  # fmt: skip
def test_a_layers_mistake_is_named(old: str, new: str, key: str) -> None:
    assert LAYERS.count(old) == 1
    findings = [f for _, _, diagnosis in diagnosed(LAYERS.replace(old, new)) for f in diagnosis.findings]
    assert [f.explanation for f in findings][:1] == [key]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("", "", ""),
        ("dz = da * (self.z > 0)", "dz = da", "slope_missing"),
        ("axis=2) / 4", "axis=2)", "avgpool_not_divided"),
        ("        d /= n\n", "", "one_over_n_missing"),
        ("dbc = dz.sum(axis=(0, 1, 2))", "dbc = dz.mean(axis=(0, 1, 2))", "conv_bias_averaged"),
        ("axes=([0, 1, 2], [0, 1, 2]))", "axes=([0, 1, 2], [0, 1, 2]))[::-1, ::-1]", "conv_dw_flipped"),
        ("        self.bd -= self.lr * dbd\n", "", "bias_skipped"),
        ("d[np.arange(n), y] -= 1", "d[np.arange(n), y] += 1", "targets_plus"),
    ],
)
def test_a_cnn_in_one_class_that_updates_inside(old: str, new: str, key: str) -> None:
    assert keys_of(NET.replace(old, new) if old else NET) == ([key] if key else [])


def test_arrays_go_there_and_back() -> None:
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((4, 3, 2, 2))
    for pattern in ("K,L,C,F", "F,K,L,C", "F,CKL", "CKL,F"):
        there = to_program(filters, "FCKL", pattern)
        assert np.array_equal(from_program(there, "FCKL", pattern, {"F": 4, "C": 3, "K": 2, "L": 2}), filters)
    with pytest.raises(ValueError, match="no axis for C"):
        to_program(filters, "FCKL", "F,K,L")


def test_the_stand_in_for_scipy_signal() -> None:
    image, kernel = np.arange(20.0).reshape(4, 5), np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [2.0, 0.0, 1.0]])
    full = convolve2d(image, kernel)
    assert full.shape == (6, 7)
    assert np.array_equal(convolve2d(image, kernel, "same"), full[1:5, 1:6])
    assert np.array_equal(correlate2d(image, kernel, "valid"), convolve2d(image, kernel[::-1, ::-1], "valid"))
    assert correlate2d(image, kernel, "valid")[0, 0] == (image[:3, :3] * kernel).sum()
