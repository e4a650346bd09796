"""One function a right program: calls it on a toy problem and compares. The name is the file's."""

from itertools import pairwise
from types import ModuleType

import numpy as np

from .harness import bits, cross_entropy, hot, joined, net, r, same, softmax_cross_entropy, stepped

N, D, M, P = 5, 4, 6, 3


def dense(rows: bool = True, sizes: tuple[int, ...] = (D, M, P), bias: str = "flat") -> list[np.ndarray]:
    """W1, b1, W2, b2, …: (D, M) or (M, D); biases (M,), (1, M) or (M, 1)."""
    made = []
    for i, o in pairwise(sizes):
        made.append(r(i, o) if rows else r(o, i))
        made.append(r(o) if bias == "flat" else r(1, o) if rows else r(o, 1))
    return made


def columns_dict(m: ModuleType) -> None:
    p = dict(zip(("W1", "b1", "W2", "b2"), dense(False, (3, 4, 2), "2d"), strict=True))
    x, t = r(3, N), bits(2, N)
    grads = lambda: m.backward_propagation(p, m.forward_propagation(x, p)[1], x, t)
    net(
        lambda: m.compute_cost(m.forward_propagation(x, p)[0], t),
        lambda: [grads()["d" + k] for k in p],
        p.values(),
        (x, t),
    )
    old, g = {k: a.copy() for k, a in p.items()}, grads()
    new = m.update_parameters(p, g, 0.1)
    for k in old:
        same(new[k], old[k] - 0.1 * g["d" + k], "update")


def two_layer_net(m: ModuleType) -> None:
    n = m.TwoLayerNet(D, M, P)
    n.params = dict(zip(("W1", "b1", "W2", "b2"), dense(), strict=True))
    x, y = r(N, D), hot(N, P).argmax(1)
    for reg in (0.0, 0.3):
        net(
            lambda reg=reg: n.loss(x, y, reg)[0],
            lambda reg=reg: [n.loss(x, y, reg)[1][k] for k in n.params],
            n.params.values(),
            (x, y),
        )


def nielsen_lists(m: ModuleType) -> None:
    n = m.Network([D, M, P])
    x, t = r(D, 1), hot(P, P)[:1].T
    loss = lambda: 0.5 * ((n.feedforward(x) - t) ** 2).sum()
    net(loss, lambda: joined(reversed(n.backprop(x, t))), [*n.weights, *n.biases], (x, t))
    batch = [(r(D, 1), hot(P, P)[:1].T) for _ in range(N)]
    w, b = n.weights, n.biases

    def step() -> list[np.ndarray]:
        n.weights, n.biases = list(w), list(b)
        n.update_mini_batch(batch, 0.5)
        found = [(old - new) / 0.5 for old, new in zip([*w, *b], [*n.weights, *n.biases], strict=True)]
        n.weights, n.biases = w, b
        return found

    net(lambda: sum(0.5 * ((n.feedforward(x) - t) ** 2).sum() for x, t in batch) / N, step, [*w, *b])


def three_layer_attributes(m: ModuleType) -> None:
    n = m.MLP(D, M, 7, P)
    names = ("W1", "b1", "W2", "b2", "W3", "b3")
    for k, a in zip(names, dense(sizes=(D, M, 7, P)), strict=True):
        setattr(n, k, a)
    x, t = r(N, D), hot(N, P)

    def grads() -> list[np.ndarray]:
        n.forward(x)
        n.backward(t)
        return [getattr(n, "d" + k) for k in names]

    net(lambda: n.forward(x) is None or n.loss(t), grads, [getattr(n, k) for k in names], (x, t))


def layers_and_net(m: ModuleType) -> None:
    n = m.Net((D, M, 7, P))
    linear = [n.layers[i] for i in (0, 2, 4)]
    for layer in linear:
        layer.b = r(*layer.b.shape)
    x, y = r(N, D), hot(N, P).argmax(1)

    def grads() -> list[np.ndarray]:
        n.criterion.forward(n.forward(x), y)
        n.backward()
        return [a for layer in linear for a in (layer.dW, layer.db)]

    net(lambda: n.criterion.forward(n.forward(x), y), grads, [a for l in linear for a in (l.W, l.b)], (x, y))


def functional_pairs(m: ModuleType) -> None:
    flat = dense(sizes=(D, M, 7, P))
    p = list(zip(flat[::2], flat[1::2], strict=True))
    x, t = r(N, D), hot(N, P)
    net(
        lambda: softmax_cross_entropy(m.predict(p, x), t) / N,
        lambda: [a for pair in m.loss_and_grads(p, x, t)[1] for a in pair],
        flat,
        (x, t),
    )


def float32_dict(m: ModuleType) -> None:
    m.dtype = np.float64
    p = dict(zip(("w1", "b1", "w2", "b2", "w3", "b3"), dense(sizes=(D, M, 7, P)), strict=True))
    x, t = r(N, D), hot(N, P)

    def grads() -> list[np.ndarray]:
        out, cache = m.forward(p, x)
        g = m.backward(p, cache, out, t)
        return [g[k] for k in p]

    net(lambda: m.cross_entropy(m.forward(p, x)[0], t), grads, p.values(), (x, t))


def leaky_columns_mse(m: ModuleType) -> None:
    n = m.Regressor([D, M, 7, P])
    for k in n.b:
        n.b[k] = r(*n.b[k].shape)
    x, t = r(D, N), r(P, N)

    def grads() -> list[np.ndarray]:
        n.forward(x)
        dw, db = n.backward(t)
        return [*dw.values(), *db.values()]

    order = [3, 2, 1]
    p = [n.W[k] for k in order] + [n.b[k] for k in order]
    net(lambda: n.cost(n.forward(x), t), grads, p, (x, t))


def descent_direction(m: ModuleType) -> None:
    n = m.Net(D, M, P)
    n.bias_h, n.bias_o = r(M), r(P)
    x, t = r(N, D), hot(N, P)
    parameters = [n.w_ih, n.bias_h, n.w_ho, n.bias_o]
    net(lambda: n.loss(x, t), lambda: n.directions(x, t), parameters, (x, t), sign=-1)
    net(lambda: n.loss(x, t), lambda: stepped(parameters, lambda: n.learn(x, t, 0.5), 0.5), parameters, (x, t))


def logistic_propagate(m: ModuleType) -> None:
    w, b, x, t = r(D, 1), np.array(0.3), r(D, N), bits(1, N)
    loss = lambda: m.propagate(w, float(b), x, t)[1]
    net(loss, lambda: [m.propagate(w, float(b), x, t)[0][k] for k in ("dw", "db")], (w, b), (x, t))


def softmax_regression(m: ModuleType) -> None:
    w, b, x, y = r(D, P), r(P), r(N, D), hot(N, P).argmax(1)
    for lam in (0.0, 0.3):
        net(lambda lam=lam: m.cost(w, b, x, y, lam), lambda lam=lam: m.gradient(w, b, x, y, lam), (w, b), (x, y))


def l_layer_model(m: ModuleType) -> None:
    p = dict(zip(("W1", "b1", "W2", "b2", "W3", "b3"), dense(False, (D, M, 7, 1), "2d"), strict=True))
    x, t = r(D, N), bits(1, N)

    def grads() -> list[np.ndarray]:
        g = m.L_model_backward(m.L_model_forward(x, p)[0], t, m.L_model_forward(x, p)[1])
        return [g["d" + k] for k in p]

    net(lambda: m.compute_cost(m.L_model_forward(x, p)[0], t), grads, p.values(), (x, t))


def pytorch_like_rows(m: ModuleType) -> None:
    n = m.Model(D, M, P)
    x, y = r(N, D), hot(N, P).argmax(1)
    p = [n.fc2.weight, n.fc2.bias, n.fc1.weight, n.fc1.bias]
    net(lambda: n.loss(n.forward(x), y), lambda: n.backward(n.forward(x), y).values(), p, (x, y))


def n_in_the_update(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), hot(N, P)
    loss = lambda: cross_entropy(m.forward(x, p)[2], t)
    net(loss, lambda: m.backprop(x, t, p), p, (x, t))
    step = lambda: [(a - b) / 0.5 for a, b in zip(p, m.update(p, m.backprop(x, t, p), 0.5, N), strict=True)]
    net(lambda: loss() / N, step, p, (x, t))


def digits_script(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), hot(N, P)
    m.W1, m.b1, m.W2, m.b2 = p

    def grads() -> tuple[np.ndarray, ...]:
        _, h, _, q = m.forward(x)
        return m.backward(x, t, h, q)

    net(lambda: cross_entropy(m.forward(x)[3], t) / N, grads, p, (x, t))


def per_sample_outer(m: ModuleType) -> None:
    p, x, y = dense(False), r(N, D), hot(N, P).argmax(1)
    net(lambda: m.batch(x, y, *p)[0], lambda: m.batch(x, y, *p)[1:], p, (x, y))
    net(lambda: m.one_image(x[0], y[0], *p)[0], lambda: m.one_image(x[0], y[0], *p)[1:], p, (x, y))


def jacobian_squared(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), hot(N, P)
    net(lambda: m.objective(x, t, *p), lambda: m.objective_grad(x, t, *p), p, (x, t))


def diagonal_but_right(m: ModuleType) -> None:
    n = m.Classifier(D, M, P)
    n.W1, n.b1, n.W2, n.b2 = p = dense(bias="2d")
    x, t = r(N, D), hot(N, P)
    net(
        lambda: n.forward(x) is None or n.loss(t),
        lambda: n.forward(x) is None or n.backward(t).values(),
        p,
        (x, t),
    )


def theta_with_bias_column(m: ModuleType) -> None:
    a, b, x, y = r(M, D + 1), r(P, M + 1), r(N, D), hot(N, P).argmax(1)
    for lam in (0.0, 0.7):
        both = lambda lam=lam: m.nn_cost_function(a, b, x, y, lam, P)
        net(lambda both=both: both()[0], lambda both=both: both()[1:], (a, b), (x, y))


def espanol(m: ModuleType) -> None:
    n = m.RedNeuronal(D, M, P)
    names = ("pesos1", "sesgo1", "pesos2", "sesgo2")
    for k, a in zip(names, dense(bias="2d"), strict=True):
        setattr(n, k, a)
    x, t = r(N, D), hot(N, P)

    def grads() -> list[np.ndarray]:
        n.propagar(x)
        n.retropropagar(t)
        return [getattr(n, "grad_" + k) for k in names]

    net(lambda: n.propagar(x) is None or n.costo(t), grads, [getattr(n, k) for k in names], (x, t))


def fully_connected_net(m: ModuleType) -> None:
    x, y = r(N, D), hot(N, P).argmax(1)
    for reg in (0.0, 0.3):
        n = m.FullyConnectedNet([M, 7], D, P, reg, 0.5, np.float64)
        for k in ("b1", "b2", "b3"):
            n.params[k] = r(*n.params[k].shape)
        net(
            lambda n=n: n.loss(x, y)[0],
            lambda n=n: [n.loss(x, y)[1][k] for k in n.params],
            n.params.values(),
            (x, y),
        )


def momentum_inside(m: ModuleType) -> None:
    n = m.Model(D, M, P)
    n.Wh, n.bh, n.Wo, n.bo = p = dense(bias="2d")
    x, t = r(N, D), hot(N, P)
    grads = lambda: n.forward(x) is None or n.gradients(t)
    net(lambda: n.average_ce(t, n.forward(x)), grads, p, (x, t))
    g, start = grads(), n.Wh.copy()
    n.update(*g)
    n.update(*g)
    same(start - n.Wh, n.alpha * (2 + n.gamma) * g[0], "two steps of momentum")


def l1_and_l2(m: ModuleType) -> None:
    p, x, t = dense(sizes=(D, M, 7, P)), r(N, D), hot(N, P)
    for l1, l2 in ((0.0, 0.0), (0.2, 0.0), (0.0, 0.2)):
        run = lambda l1=l1, l2=l2: m.run(x, t, p, l1, l2)
        net(lambda run=run: run()[0], lambda run=run: run()[1], p, (x, t))


def sum_of_squares_cols(m: ModuleType) -> None:
    p, x, t = dense(False, bias="2d"), r(D, N), r(P, N)
    net(lambda: m.E(x, t, *p), lambda: m.grad_E(x, t, *p), p, (x, t))


def binary_rows_attributes(m: ModuleType) -> None:
    n = m.BinaryNet(D, M)
    n.w1, n.b1, n.w2, n.b2 = p = dense(sizes=(D, M, 1))
    x, t = r(N, D), bits(N, 1)
    forward = lambda: n.forward(x) is None
    grads = lambda: forward() or n.backward(t) or [n.grad_w1, n.grad_b1, n.grad_w2, n.grad_b2]
    net(lambda: forward() or n.bce(t), grads, p, (x, t))


def no_loss_returns_lists(m: ModuleType) -> None:
    n = m.NN()
    x, t = np.abs(r(N, 784)) / 5, hot(N, 10)
    n.b = [r(*b.shape) for b in n.b]
    grads = lambda: joined(n.backprop(x, t))
    net(lambda: cross_entropy(n.forward(x)[1][-1], t) / N, grads, [*n.w, *n.b], (x, t))


def sparse_loops(m: ModuleType) -> None:
    p, x, t = dense(), r(D), bits(P)
    net(lambda: m.error(x, t, *p), lambda: m.backward_one(x, t, *p), p, (x, t))


def params_in_kwargs(m: ModuleType) -> None:
    p = dict(zip(("Wx", "bx", "Wy", "by"), dense(bias="2d"), strict=True))
    x, t = r(N, D), hot(N, P)
    grads = lambda: m.backward(p, m.forward(p, x)[1], t)
    net(lambda: m.loss_accuracy(m.forward(p, x)[0], t)[0], lambda: [grads()[k] for k in p], p.values(), (x, t))


def bias_inside_layers_dicts(m: ModuleType) -> None:
    p = dict(zip(("W1", "b1", "W2", "b2", "W3", "b3"), dense(False, (5, 8, 6, 1), "2d"), strict=True))
    x, t = r(5, N), bits(1, N)

    def grads() -> list[np.ndarray]:
        y, memory = m.full_forward_propagation(x, p)
        g = m.full_backward_propagation(y, t, memory, p)
        return [g["d" + k] for k in p]

    net(lambda: m.get_cost_value(m.full_forward_propagation(x, p)[0], t), grads, p.values(), (x, t))


def backprop_updates(m: ModuleType) -> None:
    n = m.DeepNeuralNetwork([D, M, 7, P])
    x, t = r(D), hot(P, P)[0]
    p = [n.params[k] for k in ("W3", "W2", "W1")]
    grads = lambda: n.backward_pass(t, n.forward_pass(x)).values()
    net(lambda: cross_entropy(n.forward_pass(x), t), grads, p, (x, t))


def relu_columns_onehot(m: ModuleType) -> None:
    p, x, y = dense(False, (D, M, 10), "2d"), r(D, 12), hot(12, 10).argmax(1)

    def grads() -> tuple[np.ndarray, ...]:
        z1, a1, z2, a2 = m.forward_prop(*p, x)
        return m.backward_prop(z1, a1, z2, a2, p[0], p[2], x, y)

    net(lambda: cross_entropy(m.forward_prop(*p, x)[3].T, np.eye(10)[y]) / 12, grads, p, (x, y))


kaggle_digits = relu_columns_onehot


def nested_closures(m: ModuleType) -> None:
    p = dict(zip("AaBb", dense(), strict=True))
    x, y = r(N, D), hot(N, P).argmax(1)
    net(lambda: m.nll(p, x, y), lambda: m.grad_nll(p, x, y).values(), p.values(), (x, y))


def keeps_grads_list(m: ModuleType) -> None:
    n = m.MLP([D, M, 7, P])
    parameters = n.W + n.B
    x, t = r(N, D), hot(N, P)

    def grads() -> list[np.ndarray]:
        n.forward(x)
        n.backward(t)
        return [p.grad for p in parameters]

    net(lambda: n.loss(x, t), grads, [p.value for p in parameters], (x, t))


def mean_over_samples_and_outputs(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), bits(N, P)
    net(lambda: m.mse(x, t, *p), lambda: m.mse_grads(x, t, *p)[1].values(), p, (x, t))


def spirals(m: ModuleType) -> None:
    n = m.SpiralNet(D, M, P)
    n.W, n.b, n.W2, n.b2 = p = dense(bias="2d")
    x, y = r(N, D), hot(N, P).argmax(1)
    net(lambda: m.data_loss(n, x, y), lambda: m.backprop(n, x, y), p, (x, y))


def lab3_fashion(m: ModuleType) -> None:
    flat = dense(sizes=(D, M, 7, P), bias="2d")
    x, t = r(N, D), hot(N, P)
    w, b = flat[::2], flat[1::2]
    net(lambda: m.loss(x, t, w, b), lambda: joined(m.backprop(x, t, w, b)), w + b, (x, t))


def small_cnn_class(m: ModuleType) -> None:
    n = m.SmallCNN((2, 6, 5), 3, 3, P, 0.5)
    n.params["c"], n.params["b"] = r(3), r(P)
    x, y = r(N, 2, 6, 5), hot(N, P).argmax(1)
    net(lambda: n.loss(x, y)[0], lambda: [n.loss(x, y)[1][k] for k in n.params], n.params.values(), (x, y))
