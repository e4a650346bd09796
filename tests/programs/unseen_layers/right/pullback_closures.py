# Reverse pass as "pullbacks": every layer returns its value and a function that maps the cotangent of the
# output to the cotangents of parameters and input.  Group seminar, winter term.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

rng = np.random.default_rng(20)


def dense(theta, x):
    A, c = theta
    z = x @ A + c

    def pullback(zbar):
        return (x.T @ zbar, zbar.sum(0)), zbar @ A.T

    return z, pullback


def conv(theta, x):
    # x: (batch, height, width, in), K: (kh, kw, in, out), "valid"
    K, c = theta
    kh, kw = K.shape[:2]
    win = sliding_window_view(x, (kh, kw), axis=(1, 2))  # (b, oh, ow, in, kh, kw)
    z = np.einsum("bhwikl,klio->bhwo", win, K) + c

    def pullback(zbar):
        Kbar = np.einsum("bhwikl,bhwo->klio", win, zbar)
        padded = np.pad(zbar, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
        back = sliding_window_view(padded, (kh, kw), axis=(1, 2))  # (b, h, w, out, kh, kw)
        xbar = np.einsum("bhwokl,klio->bhwi", back, K[::-1, ::-1])
        return (Kbar, zbar.sum((0, 1, 2))), xbar

    return z, pullback


def softplus(theta, x):
    z = np.logaddexp(0.0, x)

    def pullback(zbar):
        return (), zbar / (1.0 + np.exp(-x))

    return z, pullback


def mean_pool(theta, x):
    b, h, w, c = x.shape
    z = x.reshape(b, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))

    def pullback(zbar):
        return (), np.repeat(np.repeat(zbar, 2, axis=1), 2, axis=2) / 4

    return z, pullback


def flatten(theta, x):
    return x.reshape(len(x), -1), lambda zbar: ((), zbar.reshape(x.shape))


def nll(logits, labels):
    m = logits.max(1, keepdims=True)
    logZ = m + np.log(np.exp(logits - m).sum(1, keepdims=True))
    n = len(labels)
    value = (logZ[:, 0] - logits[np.arange(n), labels]).mean()

    def pullback():
        g = np.exp(logits - logZ)
        g[np.arange(n), labels] -= 1
        return g / n

    return value, pullback


architecture = [conv, softplus, mean_pool, flatten, dense, softplus, dense]


def init(scale=0.3):
    return [
        [scale * rng.normal(size=(3, 3, 1, 4)), np.zeros(4)],
        [],
        [],
        [],
        [scale * rng.normal(size=(36, 12)), np.zeros(12)],
        [],
        [scale * rng.normal(size=(12, 3)), np.zeros(3)],
    ]


def value_and_grad(params, x, labels):
    tape = []
    for f, theta in zip(architecture, params):
        x, pullback = f(theta, x)
        tape.append(pullback)
    value, seed = nll(x, labels)
    bar = seed()
    grads = []
    for pullback in reversed(tape):
        g, bar = pullback(bar)
        grads.insert(0, g)
    return value, grads


def descend(params, grads, eta):
    for theta, g in zip(params, grads):
        for i in range(len(theta)):
            theta[i] -= eta * g[i]


def run(steps=100, eta=0.2):
    images = rng.normal(size=(30, 8, 8, 1))
    labels = rng.integers(0, 3, 30)
    params = init()
    for k in range(steps):
        value, grads = value_and_grad(params, images, labels)
        descend(params, grads, eta)
        if k % 10 == 0:
            print(k, value)


if __name__ == "__main__":
    run()
