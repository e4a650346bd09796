"""The same for the programs of wrong/: each is wrong as it stands, and right once its entry's `fix` is applied."""

from types import ModuleType

import numpy as np

from .harness import cross_entropy, hot, joined, net, r, same, softmax_cross_entropy, stepped
from .nets import D, M, N, P, dense
from .pieces import GRADIENTS, conserve, distinct, optimizer_path, pair


def mini_batch_class(m: ModuleType) -> None:
    n = m.FFNN([D, M, 7, P])
    n.biases = [r(*b.shape) for b in n.biases]
    x, y = r(N, D), hot(N, P).argmax(1)

    def grads() -> list[np.ndarray]:
        n.forward(x)
        n.backward(y)
        return [*n.weight_grads, *n.bias_grads]

    net(lambda: n.forward(x) is None or n.cross_entropy(y), grads, [*n.weights, *n.biases], (x, y))


def housing_regression(m: ModuleType) -> None:
    p = {"v": r(1, M), "d": r(1), "W": r(M, D), "c": r(M)}
    x, y = r(N, D), r(N, 1)
    net(lambda: m.J(p, x, y), lambda: [m.grad_J(p, x, y)[k] for k in p], p.values(), (x, y))


def online_perceptron(m: ModuleType) -> None:
    n = m.MultiLayerPerceptron(D, M, P, 0.5)
    p = [n.V, n.v0, n.W, n.w0]
    for a in p:
        a[...] = r(*a.shape)
    x, t = r(D), hot(P, P)[0]
    net(lambda: 0.5 * ((n.out(x) - t) ** 2).sum(), lambda: stepped(p, lambda: n.learn_one(x, t), 0.5), p, (x, t))


def matrix_calculus(m: ModuleType) -> None:
    p, x, t = dense(sizes=(D, M, M, P)), r(N, D), hot(N, P)
    both = lambda: m.net_value_and_gradient(x, t, *p)
    net(lambda: both()[0], lambda: both()[1:], p, (x, t))


def accumulating_layers(m: ModuleType) -> None:
    n = m.Sequential(D, M, 7, P)
    x, t = r(N, D), hot(N, P)

    def grads() -> list[np.ndarray]:
        n.xent(x, t)
        n.pull(t)
        return [g for l in n.layers for g in (l.kernel_grad, l.bias_grad)]

    net(lambda: n.xent(x, t), grads, [a for l in n.layers for a in (l.kernel, l.bias)], (x, t))


def columns_three_layers(m: ModuleType) -> None:
    p, x, t = dense(False, (D, M, 7, P), "2d"), r(D, N), hot(N, P).T
    net(lambda: m.cost(m.forward(x, p)[0], t), lambda: m.backward(x, t, *m.forward(x, p), p), p, (x, t))


def wine_binary_lists(m: ModuleType) -> None:
    n = m.Classifier([D, M, 7, 1])
    x, t = r(N, D), hot(N, 2)[:, :1]
    grads = lambda: n.run(x) is None or joined(n.grads(t))
    net(lambda: n.run(x) is None or n.loss(t), grads, [*n.Ws, *n.bs], (x, t))


def functional_weight_decay(m: ModuleType) -> None:
    p = dict(zip(("W0", "b0", "W1", "b1"), dense(), strict=True))
    x, t = r(N, D), hot(N, P)
    net(lambda: m.objective(p, x, t, 0.3), lambda: [m.gradients(p, x, t, 0.3)[k] for k in p], p.values(), (x, t))


def deutsch_netz(m: ModuleType) -> None:
    m.anzahl_eingang, m.anzahl_versteckt, m.anzahl_ausgang = D, M, P
    n = m.Netz()
    p = [n.gewichte_ev, n.schwelle_v, n.gewichte_va, n.schwelle_a]
    x, t = r(N, D), hot(N, P)
    step = lambda: n.vorwaerts(x) is None or n.rueckwaerts(t, 0.5)
    net(lambda: n.vorwaerts(x) is None or n.fehler(t), lambda: stepped(p, step, 0.5), p, (x, t))


def return_too_early(m: ModuleType) -> None:
    pair(lambda x: (m.maxpool(x), x), lambda dy, x: [m.maxpool_backward(dy, x)], distinct(2, 3, 6, 4))
    conserve(lambda x: (m.maxpool(x), x), m.maxpool_backward, distinct(2, 3, 6, 4))


def hw3_digits(m: ModuleType) -> None:
    p = dict(zip(("W1", "b1", "W2", "b2"), dense(), strict=True))
    x, y = r(N, D), hot(N, P).argmax(1)
    net(lambda: m.loss(x, y, p), lambda: [m.backward(x, y, p)[k] for k in p], p.values(), (x, y))


def keras_data(m: ModuleType) -> None:
    n = m.NN(M)
    x, t = r(784, 12) / 10, hot(12, 10).T
    p = [n.W1, n.b1, n.W2, n.b2]
    step = lambda: n.feed_forward(x) is None or n.back_propagate(t, 0.5)
    net(lambda: cross_entropy(n.feed_forward(x), t) / 12, lambda: stepped(p, step, 0.5), p, (x, t))


def softmax_axis_attributes(m: ModuleType) -> None:
    n = m.softmax_net(D, P)
    x, t = r(N, D), hot(N, P)
    loss = lambda: softmax_cross_entropy(x @ n.W + n.b, t) / N
    net(loss, lambda: n.loss_and_gradient(x, t)[1:], [n.W, n.b], (x, t))


def rms_prop(m: ModuleType) -> None:
    made, theta = m.RMSProp(), np.zeros(3)
    for g in GRADIENTS:
        theta = made.step("w", theta, g)
    same(theta, optimizer_path("rmsprop", GRADIENTS, 1e-3, 0.9, 1e-8), "RMSProp")


def adam_class(m: ModuleType) -> None:
    made, theta = m.Adam(), np.zeros(3)
    for g in GRADIENTS:
        theta = made.step("w", theta, g)
    same(theta, optimizer_path("adam", GRADIENTS, 1e-3, 0.9, 0.999, 1e-8), "Adam")


def evaluate_accuracy(m: ModuleType) -> None:
    p, y = r(60, 10), hot(60, 10).argmax(1)
    same(m.evaluate_accuracy(p, y), np.mean(p.argmax(1) == y), "accuracy")


def get_batch(m: ModuleType) -> None:
    x = np.arange(500)
    same(len({tuple(m.get_batch(x, x, 20)[0]) for _ in range(5)}), 5, "different batches of five")


def init_weights(m: ModuleType) -> None:
    same(m.init_weights(400, 300).std(), np.sqrt(2 / 700), "Xavier's spread", 0.01)


def dropout_mlp(m: ModuleType) -> None:
    x, dy = r(40, 5), r(40, 5)
    y, mask = m.dropout_forward(x, 0.6)
    same(m.dropout_backward(dy, mask, 0.6), dy * y / x, "dropout's mask")


def prime_of_output(m: ModuleType) -> None:
    n = m.TanhNet(D, M, 7, P)
    x, t = r(D, N), r(P, N)
    net(lambda: n.half_mse(x, t), lambda: joined(n.gradient(x, t)), [*n.w, *n.b], (x, t))


def bias_as_row(m: ModuleType) -> None:
    p, x, t = dense(False), r(D, N), hot(N, P).T
    both = lambda: m.cost_and_grad(*p, x, t, 0.3)
    net(lambda: both()[0], lambda: both()[1:], p, (x, t))


def two_losses(m: ModuleType) -> None:
    n = m.Model(D, M, P)
    x, t = r(N, D), hot(N, P)
    net(lambda: n.mse(x, t), lambda: [n.gradients(x, t)[k] for k in n.p], n.p.values(), (x, t))


def copy_weights(m: ModuleType) -> None:
    weights = {"W": r(D, P)}
    kept, before = m.copy_weights(weights), weights["W"].copy()
    weights["W"] -= 1.0
    same(kept["W"], before, "the kept weights")
