"""The same for layer pairs, optimisers and small tools."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .harness import Wrong, hot, net, r, rng, same


def pair(forward: Callable[..., Any], backward: Callable[..., Any], *arrays: np.ndarray) -> None:
    """forward(*arrays) gives (y, cache); backward(dy, cache) the gradients of the arrays."""
    dy = r(*forward(*arrays)[0].shape)
    net(
        lambda: float((forward(*arrays)[0] * dy).sum()),
        lambda: backward(dy, forward(*arrays)[1]),
        arrays,
        (dy,),
    )


def layer(thing: Any, x: np.ndarray, names: tuple[str, ...] = (), grads: tuple[str, ...] = ()) -> None:
    """A class with forward(x) and backward(dy); parameters and their gradients in attributes."""

    def backward(dy: np.ndarray, _: None) -> list[np.ndarray]:
        return [thing.backward(dy), *(getattr(thing, g) for g in grads)]

    pair(lambda x, *_: (thing.forward(x), None), backward, x, *(getattr(thing, n) for n in names))


def distinct(*shape: int) -> np.ndarray:
    """No two entries nearly equal, so that no maximum is tied."""
    return rng.permutation(int(np.prod(shape))).reshape(shape) * 0.1


def tied(*shape: int) -> np.ndarray:
    """Whole numbers: maxima are tied."""
    return rng.integers(0, 2, shape).astype(float)


def conserve(forward: Callable[..., Any], backward: Callable[..., Any], x: np.ndarray) -> None:
    """On ties one winner only: windows that do not overlap keep Σdy."""
    y, cache = forward(x)
    dy = r(*y.shape)
    same(np.sum(backward(dy, cache)), np.sum(dy), "sum of dx on ties")


def conv_naive(m: ModuleType) -> None:
    for stride, pad in ((1, 1), (2, 1), (1, 0)):
        o = {"stride": stride, "pad": pad}
        arrays = r(2, 3, 7, 5), r(4, 3, 3, 3), r(4)
        pair(lambda x, w, b, o=o: m.conv_forward_naive(x, w, b, o), m.conv_backward_naive, *arrays)
    for k, s in ((2, 2), (3, 1)):
        o = {"pool_height": k, "pool_width": k, "stride": s}
        forward = lambda x, o=o: m.max_pool_forward_naive(x, o)
        backward = lambda dy, c: [m.max_pool_backward_naive(dy, c)]
        pair(forward, backward, distinct(2, 3, 6, 4))
    conserve(lambda x: m.max_pool_forward_naive(x, {**o, "pool_height": 2, "pool_width": 2, "stride": 2}),
             m.max_pool_backward_naive, tied(2, 3, 6, 4))  # fmt: skip


def conv_im2col(m: ModuleType) -> None:
    for stride, pad in ((1, 0), (2, 1)):
        c = m.Convolution(r(4, 3, 3, 3), r(4), stride, pad)
        layer(c, r(2, 3, 7, 5), ("W", "b"), ("dW", "db"))
    p = m.Pooling(2, 2, 2)
    layer(p, distinct(2, 3, 6, 4))
    conserve(lambda x: (p.forward(x), None), lambda dy, _: p.backward(dy), tied(2, 3, 6, 4))


def batchnorm_two_ways(m: ModuleType) -> None:
    pair(m.batchnorm_forward, m.batchnorm_backward, r(6, 4), r(4), r(4))


def batchnorm_short(m: ModuleType) -> None:
    b = m.BatchNorm1d(4)
    b.gamma, b.beta = r(4), r(4)
    layer(b, r(6, 4), ("gamma", "beta"), ("dgamma", "dbeta"))


def activations_and_dropout(m: ModuleType) -> None:
    for name in ("Relu", "Sigmoid", "Tanh", "Softmax"):
        layer(getattr(m, name)(), r(5, 4))
    d, x = m.Dropout(0.7), r(400, 50)
    y = d.forward(x)
    dy = r(*x.shape)
    same(d.backward(dy), dy * y / x, "dropout's mask")
    same(np.unique(np.round(y / x, 9)), [0, round(1 / 0.7, 9)], "dropout's factors", 1e-6)
    if not 0.68 < np.mean(y != 0) < 0.72:
        raise Wrong("keeps a wrong share")


def channels_last_conv(m: ModuleType) -> None:
    for stride, pad in ((1, 1), (2, 0)):
        o = {"stride": stride, "pad": pad}
        arrays = r(2, 7, 5, 3), r(3, 3, 3, 4), r(1, 1, 1, 4)
        pair(lambda x, w, b, o=o: m.conv_forward(x, w, b, o), m.conv_backward, *arrays)
    for mode in ("max", "average"):
        for s in (1, 2):
            forward = lambda x, s=s, mode=mode: m.pool_forward(x, {"f": 2, "stride": s}, mode)
            pair(forward, lambda dy, c, mode=mode: [m.pool_backward(dy, c, mode)], distinct(2, 6, 4, 3))
    conserve(forward, m.pool_backward, tied(2, 6, 4, 3))


def pooling_reshape(m: ModuleType) -> None:
    layer(m.AvgPool2x2(), r(2, 3, 6, 4))
    layer(m.MaxPool2x2(), distinct(2, 3, 6, 4))


def optimizer_path(kind: str, gradients: list[np.ndarray], rate: float, *o: float) -> np.ndarray:
    """θ after these gradients from θ = 0, written from the published formulas."""
    theta, v, s = (np.zeros_like(gradients[0]) for _ in range(3))
    for t, g in enumerate(gradients, 1):
        if kind == "sgd":
            theta = theta - rate * g
        if kind in ("momentum", "nesterov"):
            v = o[0] * v - rate * g
            theta = theta + (v if kind == "momentum" else o[0] * v - rate * g)
        if kind == "rmsprop":
            s = o[0] * s + (1 - o[0]) * g**2
            theta = theta - rate * g / (np.sqrt(s) + o[1])
        if kind == "adam":
            v, s = o[0] * v + (1 - o[0]) * g, o[1] * s + (1 - o[1]) * g**2
            theta = theta - rate * (v / (1 - o[0] ** t)) / (np.sqrt(s / (1 - o[1] ** t)) + o[2])
    return theta


GRADIENTS = [np.array([0.5, -2.0, 0.1]), np.array([-0.3, 1.0, 0.7]), np.array([0.9, 0.4, -1.1])]


def optim_config(m: ModuleType) -> None:
    options = {"sgd": (1e-2,), "momentum": (1e-2, 0.9), "rmsprop": (1e-2, 0.99, 1e-8), "adam": (1e-3, 0.9, 0.999, 1e-8)}
    for kind, o in options.items():
        w, config = np.zeros(3), None
        for g in GRADIENTS:
            w, config = (m.sgd_momentum if kind == "momentum" else getattr(m, kind))(w, g.copy(), config)
        same(w, optimizer_path(kind, GRADIENTS, *o), kind)


def optim_classes(m: ModuleType) -> None:
    for name, o in {"SGD": (0.01,), "Momentum": (0.01, 0.9), "Nesterov": (0.01, 0.9), "RMSprop": (0.01, 0.99, 1e-7),
                    "Adam": (0.001, 0.9, 0.999, 1e-7)}.items():  # fmt: skip
        p, made = {"W1": np.zeros(3)}, getattr(m, name)()
        for g in GRADIENTS:
            made.update(p, {"W1": g.copy()})
        same(p["W1"], optimizer_path(name.lower(), GRADIENTS, *o), name, 2e-5)


def adam_dicts(m: ModuleType) -> None:
    p = {"W1": np.zeros(3), "b1": np.zeros(3)}
    v, s = m.initialize_adam(p)
    for t, g in enumerate(GRADIENTS, 1):
        p, v, s = m.update_parameters_with_adam(p, {"dW1": g.copy(), "db1": -g}, v, s, t)
    same(p["W1"], optimizer_path("adam", GRADIENTS, 0.01, 0.9, 0.999, 1e-8), "W1")
    same(p["b1"], -p["W1"], "b1")


def adam_single(m: ModuleType) -> None:
    w, adam = np.zeros(3), m.AdamOptim()
    for t, g in enumerate(GRADIENTS, 1):
        w = adam.update(t, w, g.copy())
    same(w, optimizer_path("adam", GRADIENTS, 0.01, 0.9, 0.999, 1e-8), "w")


def tools(m: ModuleType) -> None:
    p = m.softmax(r(6, 4) * 4000)
    same(p.sum(axis=1), np.ones(6), "softmax's sums")
    y = hot(6, 4).argmax(1)
    same(m.one_hot(y, 4), np.eye(4)[y], "one_hot")
    for labels in (p.argmax(axis=1), (p.argmax(axis=1) + 1) % 4):
        same(m.accuracy(p, labels), np.mean(p.argmax(axis=1) == labels), "accuracy")
    w = m.he_init(400, 300)
    same([w.mean() + 1, w.std()], [1, np.sqrt(2 / 400)], "He's spread", 0.01)
    same(m.xavier_init(400, 300).std(), np.sqrt(2 / 700), "Xavier's spread", 0.01)
    same(m.normalize(np.array([[0, 255]], np.uint8)), [[0, 1]], "normalize")
    x, labels = m.shuffle(np.arange(50).reshape(50, 1), np.arange(50))
    same(x[:, 0], labels, "shuffle")
    same(np.sort(labels), np.arange(50), "shuffle")


def tools_columns(m: ModuleType) -> None:
    p = m.softmax(r(4, 6) * 4000)
    same(p.sum(axis=0), np.ones(6), "softmax's sums")
    y = hot(6, 4).argmax(1)
    same(m.convert_to_one_hot(y, 4), np.eye(4)[y].T, "one hot")
    same(m.get_accuracy(p, (p.argmax(axis=0) + np.arange(6) % 2) % 4), 0.5, "accuracy")


def gradcheck(m: ModuleType) -> None:
    x = r(3, 4)
    same(m.eval_numerical_gradient(lambda v: float((v**3).sum()), x), 3 * x**2, "numerical gradient", 1e-7)
    same(m.rel_error(np.array([1.0, 2.0]), np.array([1.0, 2.2])), 0.2 / 4.2, "relative error")
