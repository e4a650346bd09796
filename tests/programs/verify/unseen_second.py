"""Judges of the unseen programs, second part; the names are the files'."""

from types import ModuleType

import numpy as np

from .harness import bits, hot, joined, net, r, same, softmax_cross_entropy, stepped
from .loops import moved
from .nets import D, M, N, P, dense
from .pieces import GRADIENTS, optimizer_path, pair
from .unseen_first import half_squares, named


def keras_like(m: ModuleType) -> None:
    x, t = r(N, D), hot(N, P)
    for loss in ("categorical_crossentropy", "mse"):
        n = m.Sequential([m.Dense(M, "relu", D), m.Dense(7, "tanh"), m.Dense(P)])
        n.compile(m.SGD(0.5), loss)
        p = [a for l in n.layers for a in (l.kernel, l.bias)]
        for a in p:
            a[...] = r(*a.shape)
        step = lambda n=n, p=p: stepped(p, lambda: n.train_on_batch(x, t), 0.5)
        own = lambda n=n: softmax_cross_entropy(n.predict(x), t) / N
        net(own if loss != "mse" else lambda n=n: np.mean((n.predict(x) - t) ** 2), step, p, (x, t))
        net(lambda n=n: n.loss(t, n.predict(x)), step, p, (x, t))


def rede_neural(m: ModuleType) -> None:
    n = m.RedeNeural(D, M, P, 0.5)
    names = ("pesos_oculta", "vies_oculta", "pesos_saida", "vies_saida")
    p = dense(False, bias="2d")
    for k, a in zip(names, p, strict=True):
        setattr(n, k, a)
    x, t = r(D, N), r(P, N)
    grads = lambda: n.propagar(x) is None or n.retropropagar(t) or [getattr(n, "grad_" + k) for k in names]
    net(lambda: (n.propagar(x), n.custo(t))[1], grads, p, (x, t))
    g = grads()
    n.atualizar()
    for k, a, d in zip(names, p, g, strict=True):
        same(getattr(n, k), a - 0.5 * d, "update")


def smoothed_labels(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), hot(N, P)
    net(lambda: m.loss(p, x, t), lambda: m.gradients(p, x, t), p, (x, t))
    soft = 0.9 * t + 0.1 / P
    own = lambda: softmax_cross_entropy(np.maximum(x @ p[0] + p[1], 0) @ p[2] + p[3], soft) / N
    net(own, lambda: [(a - b) / 0.5 for a, b in zip(p, m.sgd(p, m.gradients(p, x, t), 0.5), strict=True)], p)


def cbow_words(m: ModuleType) -> None:
    n = m.CBOW(P, M)
    n.E, n.W, n.b = p = [r(P, M), r(M, P), r(P)]
    x, y = np.array([[0, 1], [2, 0], [1, 1], [0, 2], [2, 1]]), hot(N, P).argmax(1)
    grads = lambda: n.forward(x) is None or [n.backward(y)[k] for k in "EWb"]
    net(lambda: n.loss(x, y), grads, p, (x, y))
    net(lambda: n.loss(x, y), lambda: stepped(p, lambda: n.step(x, y, 0.5), 0.5), p, (x, y))


def rnn_cell_course(m: ModuleType) -> None:
    x, a, p = r(D, N), r(M, N), {"Wax": r(M, D), "Waa": r(M, M), "ba": r(M, 1)}
    names = ("dxt", "da_prev", "dWax", "dWaa", "dba")
    ahead = lambda x, a, *_: m.rnn_cell_forward(x, a, p)
    pair(ahead, lambda dy, c: [m.rnn_cell_backward(dy, c)[k] for k in names], x, a, *p.values())
    g = {"dW": np.array([-3.0, 0.2, 5.0])}
    same(m.clip(g, 1.0)["dW"], [-1, 0.2, 1], "clip")


def train_cli(m: ModuleType) -> None:
    m.DTYPE = np.float64
    n = m.MLP(D, M, P)
    n.fc1.b, n.fc2.b = r(M), r(P)
    x, y = r(N, D), hot(N, P).argmax(1)
    p = [n.fc1.w, n.fc1.b, n.fc2.w, n.fc2.b]

    def grads() -> list[np.ndarray]:
        n.backward(m.cross_entropy(n(x), y)[1])
        return [n.fc1.gw, n.fc1.gb, n.fc2.gw, n.fc2.gb]

    net(lambda: m.cross_entropy(n(x), y)[0], grads, p, (x, y))
    net(lambda: softmax_cross_entropy(n(x), np.eye(P)[y]) / N, grads, p, (x, y))
    g = grads()
    n.update(0.5, 0.9)
    n.update(0.5, 0.9)
    for a, new, d in zip(p, (n.fc1.w, n.fc1.b, n.fc2.w, n.fc2.b), g, strict=True):
        same(new, a - 0.5 * 2.9 * d, "two steps of momentum")


def two_layer_tutorial(m: ModuleType) -> None:
    p = {"w1": r(D, M), "w2": r(M, P)}
    w, v = p.values()
    x, t = r(N, D), r(N, P)
    loss = lambda: 2 * half_squares(np.maximum(x @ w, 0) @ v, t)
    net(loss, lambda: moved(m, p, 0.5, x=x, y=t, learning_rate=0.5, t=1), p.values(), (x, t))


def sine_while(m: ModuleType) -> None:
    p = named("Wh", "bh", "Wo", "bo", rows=False, bias="2d")
    w, b, v, c = p.values()
    x, t = r(D, N), r(P, N)
    loss = lambda: ((v @ np.tanh(w @ x + b) + c - t) ** 2).sum() / N
    net(loss, lambda: moved(m, p, 0.5, x=x, y=t, eta=0.5, errs=[], epoch=0), p.values(), (x, t))


def mae_columns(m: ModuleType) -> None:
    n = m.MAENet([D, M, 7, P])
    n.params = named("W1", "b1", "W2", "b2", "W3", "b3", rows=False, sizes=(D, M, 7, P), bias="2d")
    x, t = r(D, N), r(P, N)
    grads = lambda: [n.backward(n.forward(x), t)["d" + k] for k in n.params]
    net(lambda: n.cost(n.forward(x), t), grads, n.params.values(), (x, t))


def residual_block_mlp(m: ModuleType) -> None:
    n = m.ResidualMLP(D, M, P)
    for k in ("b1", "b2", "b3"):
        n.p[k] = r(*n.p[k].shape)
    x, t = r(N, D), hot(N, P)
    net(lambda: n.loss(x, t), lambda: [n.grad(x, t)[k] for k in n.p], n.p.values(), (x, t))


def uebung_5(m: ModuleType) -> None:
    p = dense(False, bias="2d")
    m.W1, m.b1, m.W2, m.b2 = p
    x, t = r(D, N), bits(P, N)
    net(lambda: m.verlust(x, t), lambda: m.rueckwaerts(x, t), p, (x, t))
    step = lambda: moved(m, dict(zip(("W1", "b1", "W2", "b2"), p, strict=True)), 0.5, X=x[:, :1], Y=t[:, :1], kurve=[])
    single = lambda: half_squares(m.vorwaerts(x[:, :1])[-1], t[:, :1])
    found = step()
    m.W1, m.b1, m.W2, m.b2 = p
    net(single, lambda: found, p, (x, t))


def adam_in_class(m: ModuleType) -> None:
    n = m.AdamMLP(D, M, P)
    n.theta = named("W1", "b1", "W2", "b2", rows=False, bias="2d")
    x, t = r(D, N), hot(N, P).T
    ahead = lambda: n.feed_forward(x)
    net(lambda: n.compute_loss(t, ahead()["A2"]), lambda: [n.back_propagate(ahead(), t)[k] for k in n.theta],
        n.theta.values(), (x, t))  # fmt: skip
    made = m.AdamMLP(1, 1, 1)
    made.theta = {k: np.zeros(3) for k in made.theta}
    made.m, made.v = ({k: np.zeros(3) for k in made.theta} for _ in range(2))
    for g in GRADIENTS:
        made.adam({k: g.copy() for k in made.theta})
    for k, a in made.theta.items():
        same(a, optimizer_path("adam", GRADIENTS, 1e-3, 0.9, 0.999, 1e-8), k)


def modules_accumulate(m: ModuleType) -> None:
    n, c = m.build_model(D, M, P), m.MSELoss()
    for a, _ in n.parameters():
        a[...] = r(*a.shape)
    x, t = r(N, D), r(N, P)
    p = [a for a, _ in n.parameters()]

    def grads() -> list[np.ndarray]:
        n.zero_grad()
        c(n(x), t)
        n.backward(c.backward())
        return [g.copy() for _, g in n.parameters()]

    net(lambda: c(n(x), t), grads, p, (x, t))
    net(lambda: c(n(x), t), lambda: stepped(p, lambda: m.train_epoch(n, c, x, t, 0.5, N), 0.5), p, (x, t))


def plus_minus_one(m: ModuleType) -> None:
    w, b, v, c = r(D, M), r(M), r(M), np.array(0.3)
    x, y = r(N, D), np.where(r(N) > 0, 1.0, -1.0)
    p = [(w, b), (v, c)]
    net(lambda: m.logistic_loss(p, x, y), lambda: joined(m.logistic_loss_grad(p, x, y)), (w, b, v, c), (x, y))


def random_mini_batches(m: ModuleType) -> None:
    x = np.arange(50.0)[None]
    found = m.random_mini_batches(x, x, 20, 3)
    same([a.shape[1] for a, _ in found], [20, 20, 10], "batches")
    for a, b in found:
        same(a, b, "images and labels")
    same(np.sort(np.concatenate([a[0] for a, _ in found])), x[0], "batches")
    if np.allclose(m.random_mini_batches(x, x, 20, 4)[0][0], found[0][0]):
        same(0, 1, "another seed")


def dnn_utils_columns(m: ModuleType) -> None:
    random_mini_batches(m)
    p = m.initialize_parameters_he([400, 300, 5])
    same(p["W1"].std(), np.sqrt(2 / 400), "He's spread", 0.01)
    update_parameters(m)
    update_momentum(m)


def update_parameters(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2", rows=False, bias="2d")
    g = {"d" + k: r(*a.shape) for k, a in p.items()}
    old = {k: a.copy() for k, a in p.items()}
    new = m.update_parameters(p, g, 0.5)
    for k in old:
        same(new[k], old[k] - 0.5 * g["d" + k], "update")


def update_momentum(m: ModuleType) -> None:
    p = {"W1": np.zeros(3), "b1": np.zeros(3)}
    v = m.initialize_velocity(p)
    for g in GRADIENTS:
        p, v = m.update_parameters_with_momentum(p, {"dW1": g.copy(), "db1": -g}, v, 0.9, 0.01)
    same(p["W1"], optimizer_path("momentum", GRADIENTS, 0.01, 0.9), "W1")
    same(p["b1"], -p["W1"], "b1")


def layernorm_and_affine(m: ModuleType) -> None:
    pair(m.affine_forward, m.affine_backward, r(N, 2, 2), r(4, P), r(P))
    ahead = lambda x, g, b: m.layernorm_forward(x, g, b, {})
    pair(ahead, m.layernorm_backward, r(6, 4), r(4), r(4))
    x, y = r(N, P), hot(N, P).argmax(1)
    net(lambda: m.softmax_loss(x, y)[0], lambda: [m.softmax_loss(x, y)[1]], [x], (y,))
