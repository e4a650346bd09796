"""Judges of the unseen layers, frameworks and CNNs; the names are the files'."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from .harness import Wrong


def agree(difference: float, most: float = 1e-4) -> None:
    """Raises Wrong where gradients and difference quotients are too far apart."""
    if not difference < most:
        raise Wrong(f"relative difference {difference:.1e}")


def num(f: Callable[[], float], arrays: Iterable[np.ndarray], h: float = 1e-6) -> list[tuple[np.ndarray, np.ndarray]]:
    """Difference quotients of f at up to 60 places of each array, and where they were taken."""
    found = []
    for array in arrays:
        slopes, taken = np.zeros(array.shape), np.zeros(array.shape, bool)
        places = list(np.ndindex(array.shape))
        if len(places) > 60:
            chosen = np.random.default_rng(0).choice(len(places), 60, replace=False)
            places = [places[k] for k in chosen]
        for place in places:
            kept = array[place]
            array[place] = kept + h
            above = f()
            array[place] = kept - h
            below = f()
            array[place] = kept
            slopes[place], taken[place] = (above - below) / (2 * h), True
        found.append((slopes, taken))
    return found


def rel(measured: list[tuple[np.ndarray, np.ndarray]], gradients: Iterable[Any]) -> float:
    """The largest relative difference."""
    worst = 0.0
    for (slopes, taken), gradient in zip(measured, gradients, strict=True):
        given = np.asarray(gradient).reshape(slopes.shape)
        far = np.linalg.norm((slopes - given)[taken])
        size = np.linalg.norm(slopes[taken]) + np.linalg.norm(given[taken])
        worst = max(worst, float(far / size if size > 1e-9 else far))
    return worst


def inplace(layers: Any, names: list[str], lossf: Callable[[], float], backf: Callable[[float], Any]) -> float:
    """The same for layers that update their own parameters: (before − after) / rate."""
    rate = 1e-3
    keys = [(layer, name) for layer in layers for name in names if hasattr(layer, name)]
    measured = num(lossf, [getattr(*key) for key in keys])
    before = [getattr(*key).copy() for key in keys]
    backf(rate)
    return rel(measured, [(b - getattr(*key)) / rate for b, key in zip(before, keys, strict=True)])


def dense_conv_reshape(m: ModuleType) -> None:
    np.random.seed(1)
    net = [
        m.Convolutional((2, 6, 6), 3, 2),
        m.Sigmoid(),
        m.Reshape((2, 4, 4), (32, 1)),
        m.Dense(32, 5),
        m.Sigmoid(),
        m.Dense(5, 2),
        m.Sigmoid(),
    ]
    x = np.random.randn(2, 6, 6)
    y = np.array([[1.0], [0.0]])
    conv = net[0]
    d = np.random.randn(*conv.forward(x).shape)
    agree(rel(num(lambda: np.sum(d * conv.forward(x)), [x]), [conv.backward(d, 0.0)]))

    def back(lr):
        m.train(net, m.binary_cross_entropy, m.binary_cross_entropy_prime, [x], [y], 1, lr, False)

    agree(
        inplace(
            net, ["kernels", "biases", "weights", "bias"], lambda: m.binary_cross_entropy(y, m.predict(net, x)), back
        )
    )


def fc_tanh_network(m: ModuleType) -> None:
    np.random.seed(1)
    n = m.Network()
    for l in [
        m.Flatten(),
        m.FullyConnected(6, 5),
        m.Activation(m.tanh, m.tanh_prime),
        m.FullyConnected(5, 3),
        m.Activation(m.tanh, m.tanh_prime),
    ]:
        n.add(l)
    n.use(m.mse, m.mse_prime)
    x = np.random.randn(1, 1, 6)
    y = np.random.randn(1, 1, 3)
    m.print = lambda *a, **k: None
    agree(inplace(n.layers, ["W", "B"], lambda: m.mse(y[0], n.predict(x)[0]), lambda lr: n.fit(x, y, 1, lr)))


def convnet_homework(m: ModuleType) -> None:
    np.random.seed(1)
    net = m.ThreeLayerConvNet((2, 4, 6), 3, 3, 7, 4, 0.3, 0.1, np.float64)
    for k in net.params:
        net.params[k] = net.params[k] + 0.1 * np.random.randn(*net.params[k].shape)
    X = np.random.randn(3, 2, 4, 6)
    y = np.array([0, 3, 1])
    ks = list(net.params)
    g = net.loss(X, y)[1]
    w = rel(num(lambda: net.loss(X, y)[0], [net.params[k] for k in ks]), [g[k] for k in ks])
    x = np.random.randn(2, 3, 5, 7)
    W = np.random.randn(2, 3, 3, 3)
    b = np.random.randn(2)
    cp = {"stride": 2, "pad": 1}
    o, c = m.conv_forward_naive(x, W, b, cp)
    d = np.random.randn(*o.shape)
    agree(
        max(
            w,
            rel(num(lambda: np.sum(d * m.conv_forward_naive(x, W, b, cp)[0]), [x, W, b]), m.conv_backward_naive(d, c)),
        )
    )


def ordered_layers_bn(m: ModuleType) -> None:
    np.random.seed(1)
    n = m.MultiLayerNet(6, [5, 7], 4, 0.1)
    for k in n.params:
        n.params[k] += 0.3 * np.random.randn(*n.params[k].shape)
    x = np.random.randn(5, 6)
    t = np.eye(4)[[0, 1, 2, 3, 1]]
    ks = list(n.params)
    g = n.gradient(x, t)
    w = rel(num(lambda: n.loss(x, t, True), [n.params[k] for k in ks], 1e-5), [g[k] for k in ks])
    d = m.Dropout(0.3)
    np.random.seed(3)
    y = d.forward(x)
    u = np.random.randn(*y.shape)

    def f():
        np.random.seed(3)
        return np.sum(u * d.forward(x))

    w2 = rel(num(f, [x]), [d.backward(u)])
    agree(max(w, w2))


def dinputs_layers(m: ModuleType) -> None:
    np.random.seed(1)
    d1 = m.Layer_Dense(3, 5, 0.1, 0.1)
    a = m.Activation_ReLU()
    dr = m.Layer_Dropout(0.3)
    d2 = m.Layer_Dense(5, 4)
    L = m.Activation_Softmax_Loss_CategoricalCrossentropy()
    for d in (d1, d2):
        d.weights += np.random.randn(*d.weights.shape)
        d.biases += np.random.randn(*d.biases.shape)
    X = np.random.randn(6, 3)
    y = np.array([0, 1, 2, 3, 1, 1])

    def f():
        np.random.seed(5)
        d1.forward(X)
        a.forward(d1.output)
        dr.forward(a.output)
        d2.forward(dr.output)
        return L.forward(d2.output, y) + L.loss.regularization_loss(d1) + L.loss.regularization_loss(d2)

    nums = num(f, [d1.weights, d1.biases, d2.weights, d2.biases])
    f()
    L.backward(L.output, y)
    d2.backward(L.dinputs)
    dr.backward(d2.dinputs)
    a.backward(dr.dinputs)
    d1.backward(a.dinputs)
    w = rel(nums, [d1.dweights, d1.dbiases, d2.dweights, d2.dbiases])
    s = m.Activation_Softmax()
    c = m.Loss_CategoricalCrossentropy()
    z = np.random.randn(5, 4)
    t = np.array([0, 1, 2, 3, 1])

    def g():
        s.forward(z)
        return c.calculate(s.output, t)

    nn = num(g, [z])
    g()
    c.backward(s.output, t)
    s.backward(c.dinputs)
    # momentum
    o = m.Optimizer_SGD(1.0, 0.0, 0.9)
    l = m.Layer_Dense(2, 2)
    l.dweights = np.ones((2, 2))
    l.dbiases = np.ones((1, 2))
    w0 = l.weights.copy()
    o.update_params(l)
    o.update_params(l)
    mo = abs(np.max(np.abs(w0 - l.weights)) - 2.9)
    agree(max(w, rel(nn, [s.dinputs]), mo))


def module_framework(m: ModuleType) -> None:
    np.random.seed(1)
    net = m.Sequential(
        m.Linear(4, 6), m.BatchNorm1d(6), m.ReLU(), m.Dropout(0.3), m.Linear(6, 5), m.LeakyReLU(0.1), m.Linear(5, 3)
    )
    ps = list(net.parameters())
    for p in ps:
        p.data += 0.3 * np.random.randn(*p.data.shape)
    x = np.random.randn(7, 4)
    y = np.array([0, 1, 2, 0, 1, 2, 2])
    c = m.CrossEntropyLoss()

    def f():
        np.random.seed(3)
        return c(net(x), y)

    nums = num(f, [p.data for p in ps], 1e-5)
    f()
    net.backward(c.backward())
    for p in ps:
        p.zero_grad()
    f()
    net.backward(c.backward())
    agree(rel(nums, [p.grad for p in ps]))


def conv3x3_blog(m: ModuleType) -> None:
    np.random.seed(1)
    c = m.Conv3x3(3)
    p = m.MaxPool2()
    s = m.Softmax(3 * 3 * 3, 10)
    im = 255 * np.random.rand(8, 8)
    lab = 2
    m.conv, m.pool, m.softmax = c, p, s

    def f():
        return m.forward(im, lab)[1]

    def back(lr):
        m.train(im, lab, lr)

    agree(inplace([c, s], ["filters", "weights", "biases"], f, back))


def convolution_model_steps(m: ModuleType) -> None:
    np.random.seed(1)
    w = 0.0
    for pad in (0, 1):
        A = np.random.randn(2, 5, 7, 3)
        W = np.random.randn(3, 3, 3, 2)
        b = np.random.randn(1, 1, 1, 2)
        h = {"stride": 2, "pad": pad}
        Z, c = m.conv_forward(A, W, b, h)
        d = np.random.randn(*Z.shape)
        w = max(w, rel(num(lambda: np.sum(d * m.conv_forward(A, W, b, h)[0]), [A, W, b]), m.conv_backward(d, c)))  # noqa: B023
    for mode in ("max", "average"):
        h = {"stride": 1, "f": 2}
        Z, c = m.pool_forward(A, h, mode)
        d = np.random.randn(*Z.shape)
        w = max(w, rel(num(lambda: np.sum(d * m.pool_forward(A, h, mode)[0]), [A]), [m.pool_backward(d, c, mode)]))  # noqa: B023
    agree(w)


def im2col_simple_convnet(m: ModuleType) -> None:
    np.random.seed(1)
    n = m.SimpleConvNet((2, 8, 8), {"filter_num": 3, "filter_size": 3, "pad": 0, "stride": 1}, 5, 4, 0.3)
    for k in n.params:
        n.params[k] += 0.1 * np.random.randn(*n.params[k].shape)
    x, t = np.random.randn(3, 2, 8, 8), np.array([0, 3, 1])
    ks = list(n.params)
    g = n.gradient(x, t)
    w = rel(num(lambda: n.loss(x, t), [n.params[k] for k in ks]), [g[k] for k in ks])
    c = m.Convolution(np.random.randn(2, 2, 3, 3), np.random.randn(2), 2, 1)
    o = c.forward(x)
    d = np.random.randn(*o.shape)
    w = max(w, rel(num(lambda: np.sum(d * c.forward(x)), [x]), [c.backward(d)]))
    c = m.Pooling(3, 3, 1)
    o = c.forward(x)
    d = np.random.randn(*o.shape)
    agree(max(w, rel(num(lambda: np.sum(d * c.forward(x)), [x]), [c.backward(d)])), 2e-3)  # log(p + 1e-7)


def mytorch_homework(m: ModuleType) -> None:
    np.random.seed(1)
    n = m.MLP4()
    n.layers = [
        m.Linear(3, 5),
        m.BatchNorm1d(5),
        m.ReLU(),
        m.Linear(5, 4),
        m.Sigmoid(),
        m.Linear(4, 4),
        m.Tanh(),
        m.Linear(4, 2),
    ]
    ar = []
    for l in n.layers:
        for k in ("W", "b", "BW", "Bb"):
            if hasattr(l, k):
                setattr(l, k, getattr(l, k) + np.random.randn(*getattr(l, k).shape))
                ar.append((l, k))
    w = 0
    x = np.random.randn(6, 3)
    for c, y in ((m.CrossEntropyLoss(), np.eye(2)[[0, 1, 1, 0, 1, 0]]), (m.MSELoss(), np.random.randn(6, 2))):
        f = lambda: c.forward(n.forward(x), y)  # noqa: B023
        nums = num(f, [getattr(l, k) for l, k in ar], 1e-5)
        f()
        n.backward(c.backward())
        w = max(w, rel(nums, [getattr(l, "dLd" + k) for l, k in ar]))
    agree(w)


def transformer_ffn_layers(m: ModuleType) -> None:
    r = np.random.default_rng(1)
    n = m.TinyModel(5, 4, 6, 2)
    x = r.normal(size=(2, 3, 4))
    t = r.integers(0, 5, (2, 3))
    ar = []
    for l in n.layers():
        for k in ("W", "b", "gamma", "beta"):
            if hasattr(l, k):
                a = getattr(l, k)
                a += 0.2 * r.normal(size=a.shape)
                ar.append((l, k))
    f = lambda: m.cross_entropy(n.forward(x), t)[0]
    nums = num(f, [getattr(*a) for a in ar], 1e-5)
    _, d = m.cross_entropy(n.forward(x), t)
    n.backward(d)
    agree(rel(nums, [l.grads[k] for l, k in ar]))


def network_as_list(m: ModuleType) -> None:
    r = np.random.default_rng(1)
    n = [m.Dense(4, 6), m.ReLU(), m.Dense(6, 5), m.ReLU(), m.Dense(5, 3)]
    X = r.normal(size=(7, 4))
    y = r.integers(0, 3, 7)
    for l in n:
        if hasattr(l, "biases"):
            l.biases += r.normal(size=l.biases.shape)
            l.learning_rate = 1e-3
    agree(
        inplace(
            n,
            ["weights", "biases"],
            lambda: np.mean(m.softmax_crossentropy_with_logits(m.forward(n, X)[-1], y)),
            lambda lr: m.train(n, X, y),
        )
    )


def params_grads_dicts(m: ModuleType) -> None:
    r = np.random.default_rng(1)
    n = m.NeuralNet([m.Linear(4, 5), m.Tanh(), m.Linear(5, 3)])
    x = r.normal(size=(6, 4))
    t = r.normal(size=(6, 3))
    L = m.TSE()
    f = lambda: L.loss(n.forward(x), t)
    ar = [p for l in n.layers for p in l.params.values()]
    nums = num(f, ar)
    n.backward(L.grad(n.forward(x), t))
    agree(rel(nums, [g for _, g in n.params_and_grads()]))


def modules_softmax_ce(m: ModuleType) -> None:
    np.random.seed(1)
    n = m.MLP(4, [5, 6], 3)
    x = np.random.randn(6, 4)
    y = np.array([0, 1, 2, 0, 1, 1])
    L = m.CrossEntropyModule()
    ls = [l for l in n.layers if hasattr(l, "params")]
    for l in ls:
        l.params["bias"] += 0.3 * np.random.randn(*l.params["bias"].shape)
    ar = [l.params[k] for l in ls for k in ("weight", "bias")]
    nums = num(lambda: L.forward(n.forward(x), y), ar)
    o = n.forward(x)
    n.backward(L.backward(o, y))
    agree(rel(nums, [l.grads[k] for l in ls for k in ("weight", "bias")]))


def pullback_closures(m: ModuleType) -> None:
    r = np.random.default_rng(1)
    p = m.init()
    for t in p:
        for a in t:
            a += 0.1 * r.normal(size=a.shape)
    x = r.normal(size=(4, 8, 8, 1))
    y = r.integers(0, 3, 4)
    _, g = m.value_and_grad(p, x, y)
    w = rel(num(lambda: m.value_and_grad(p, x, y)[0], [a for t in p for a in t]), [a for t in g for a in t])
    th = [r.normal(size=(3, 3, 2, 2)), r.normal(size=2)]
    x2 = r.normal(size=(2, 5, 6, 2))
    z, pb = m.conv(th, x2)
    d = r.normal(size=z.shape)
    agree(max(w, rel(num(lambda: np.sum(d * m.conv(th, x2)[0]), [x2]), [pb(d)[1]])))
