"""Judges of the unseen programs, third part; the names are the files'."""

from types import ModuleType

import numpy as np

from .harness import bits, cross_entropy, hot, joined, net, r, same, stepped
from .loops import moved
from .nets import D, M, N, P, dense
from .pieces import pair
from .unseen_first import half_squares, named, s


def seeds_pure_python(m: ModuleType) -> None:
    w, b, v, c = dense(False)
    x, k = r(D), 1
    t = np.eye(P)[k]

    def network() -> list[list[dict]]:
        return [
            [{"weights": [*a, o]} for a, o in zip(wa.tolist(), ba.tolist(), strict=True)] for wa, ba in ((w, b), (v, c))
        ]

    def step() -> list[np.ndarray]:
        made = network()
        m.train_network(made, [[*x.tolist(), k]], 0.5, 1, P)
        found = []
        for layer, wa, ba in zip(made, (w, v), (b, c), strict=True):
            rows = np.array([n["weights"] for n in layer])
            found += [(wa - rows[:, :-1]) / 0.5, (ba - rows[:, -1]) / 0.5]
        return found

    net(lambda: half_squares(s(v @ s(w @ x + b) + c), t), step, (w, b, v, c), (x,))
    net(lambda: half_squares(np.array(m.forward_propagate(network(), x.tolist())), t), step, (w, b, v, c), (x,))
    same(m.accuracy_metric([1, 2, 3, 4], [1, 2, 0, 0]), 50, "accuracy")


def pset_neural_net(m: ModuleType) -> None:
    p, x, t = named("W1", "b1", "W2", "b2"), r(N, D), hot(N, P)
    back = lambda: m.backward_prop(x, t, p, m.forward_prop)
    net(lambda: m.forward_prop(x, t, p)[2], lambda: [back()[k] for k in p], p.values(), (x, t))
    full = lambda: m.backward_prop_regularized(x, t, p, m.forward_prop, 0.3)
    cost = lambda: m.forward_prop(x, t, p)[2] + 0.3 * ((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
    net(cost, lambda: [full()[k] for k in p], p.values(), (x, t))
    epoch = lambda: m.gradient_descent_epoch(x, t, 0.5, N, p, m.forward_prop, m.backward_prop)
    net(
        lambda: cross_entropy(m.forward_prop(x, t, p)[1], t) / N,
        lambda: stepped(list(p.values()), epoch, 0.5),
        p.values(),
    )
    same(m.compute_accuracy(np.eye(3)[[0, 1, 2, 2]], np.eye(3)[[0, 1, 2, 1]]), 0.75, "accuracy")


def bike_sharing(m: ModuleType) -> None:
    n = m.NeuralNetwork(D, M, 1, 0.5)
    n.weights_input_to_hidden, n.weights_hidden_to_output = p = [r(D, M), r(M, 1)]
    x, t = r(N, D), r(N, 1)
    loss = lambda: half_squares(n.run(x), t) / N
    net(loss, lambda: stepped(p, lambda: n.train(x, t), 0.5), p, (x, t))


def ordered_affine(m: ModuleType) -> None:
    n = m.TwoLayerNet(D, M, P)
    for a in n.params.values():
        a[...] = 0.3 * r(*a.shape)  # log(y + 1e-7) shows where y is small
    x, t = r(N, D), hot(N, P)
    for y in (t, t.argmax(1)):
        grads = lambda y=y: [n.gradient(x, y)[k] for k in n.params]
        net(lambda y=y: n.loss(x, y), grads, n.params.values(), (x, t))
    same(n.accuracy(x, t), np.mean(n.predict(x).argmax(1) == t.argmax(1)), "accuracy")


def unrolled_theta(m: ModuleType) -> None:
    theta, x, y = r(M * (D + 1) + P * (M + 1)), r(N, D), hot(N, P).argmax(1)
    for lam in (0.0, 0.7):
        both = lambda lam=lam: m.nnCostFunction(theta, D, M, P, x, y, lam)
        net(lambda both=both: both()[0], lambda both=both: [both()[1]], [theta], (x, y))


def costs_and_decay(m: ModuleType) -> None:
    for cost in (m.QuadraticCost, m.CrossEntropyCost):
        n = m.Network([D, M, P], cost)
        x, t = r(D, 1), hot(P, P)[:1].T
        p = [*n.weights, *n.biases]
        value = lambda n=n, cost=cost, t=t, x=x: cost.fn(n.feedforward(x), t)
        net(value, lambda n=n, x=x, t=t: joined(reversed(n.backprop(x, t))), p, (x, t))
        batch = [(r(D, 1), hot(P, P)[:1].T) for _ in range(N)]

        def step(n: object = n, p: list[np.ndarray] = p, batch: list = batch) -> list[np.ndarray]:
            n.weights, n.biases = p[:2], p[2:]
            n.update_mini_batch(batch, 0.5, 0.3, N)
            found = [(old - new) / 0.5 for old, new in zip(p, [*n.weights, *n.biases], strict=True)]
            n.weights, n.biases = p[:2], p[2:]
            return found

        net(lambda n=n, batch=batch: n.total_cost(batch, 0.3), step, p)


def correlate_layers(m: ModuleType) -> None:
    made = [m.Dense(D, M), m.Tanh(), m.Dense(M, P), m.Softmax()]
    p = [a for k in (0, 2) for a in (made[k].weights, made[k].bias)]
    x, t = r(1, D, 1), hot(P, P)[:1, :, None]
    step = lambda: stepped(p, lambda: m.train(made, m.mse, m.mse_prime, x, t, 1, 0.5, False), 0.5)
    net(lambda: m.mse(t[0], m.predict(made, x[0])), step, p, (x, t))
    c = m.Convolutional((2, 6, 5), 3, 4)
    z, dy = r(2, 6, 5), r(4, 4, 3)
    arrays = [c.kernels, c.biases]
    value = lambda: float((c.forward(z) * dy).sum())
    net(value, lambda: stepped(arrays, lambda: (c.forward(z), c.backward(dy, 0.5)), 0.5), arrays, (z, dy))
    net(value, lambda: [(c.forward(z), c.backward(dy, 0.0))[1]], [z], (dy,))
    flat = m.Reshape((2, 6, 5), (60, 1))
    pair(lambda x: (flat.forward(x), None), lambda dy, _: [flat.backward(dy, 0.0)], z)


def adaline(m: ModuleType) -> None:
    x, y, w = r(N, D), np.where(r(N) > 0, 1.0, -1.0), np.zeros(D + 1)

    def step() -> list[np.ndarray]:
        one, two = m.AdalineGD(0.5, 1).fit(x, y), m.AdalineGD(0.5, 2).fit(x, y)
        w[...] = one.w_
        return [(one.w_ - two.w_) / 0.5]

    step()
    net(lambda: half_squares(x @ w[1:] + w[0], y), step, [w], (x, y))


def mlp_book_style(m: ModuleType) -> None:
    x, y = r(N, D), np.array([0, 1, 2, 1, 0])
    names = ("w_h", "b_h", "w_out", "b_out")
    for l2 in (0.0, 0.3):
        fitted = lambda epochs, l2=l2: m.NeuralNetMLP(M, l2, epochs, 0.5, True, N, 7).fit(x, y)
        n = fitted(1)
        p = [getattr(n, k) for k in names]
        step = lambda n=n, f=fitted: [(getattr(f(1), k) - getattr(f(2), k)) / 0.5 for k in names]
        net(lambda n=n: n._compute_cost(np.eye(P)[y], n._forward(x)[3]), step, p, (x, y))


def line_fit(m: ModuleType) -> None:
    b, k, points = np.array(0.3), np.array(-0.7), r(N, 2)

    def step() -> list[np.ndarray]:
        new = m.step_gradient(float(b), float(k), points, 0.5)
        return [(np.array(float(b)) - new[0]) / 0.5, (np.array(float(k)) - new[1]) / 0.5]

    net(lambda: m.compute_error_for_line_given_points(float(b), float(k), points), step, (b, k), (points,))


def alphas_three_layers(m: ModuleType) -> None:
    x, t = r(N, D), bits(N, P)
    p = {"synapse_0": r(D, M), "synapse_1": r(M, P)}
    w, v = p.values()
    made = iter([])

    class Source:
        """Gives the judge's weights where the loop draws its own."""

        def __getattr__(self, name: str) -> object:
            return getattr(np, name)

        class random:
            @staticmethod
            def seed(_: int) -> None:
                nonlocal made
                made = iter([(w.copy() + 1) / 2, (v.copy() + 1) / 2])

            @staticmethod
            def random(_: tuple[int, int]) -> np.ndarray:
                return next(made)

    step = lambda: moved(m, p, 0.5, X=x, y=t, alpha=0.5, np=Source(), range=lambda n: range(1))
    net(lambda: half_squares(s(s(x @ w) @ v), t), step, p.values(), (x, t))


def gelu_block_pairs(m: ModuleType) -> None:
    p, x, t = named("w_in", "b_in", "w_out", "b_out"), r(N, D), r(N, P)
    net(lambda: m.mse_loss(p, x, t)[0], lambda: [m.mse_loss(p, x, t)[1][k] for k in p], p.values(), (x, t))
    pair(lambda x: m.gelu_forward(x), lambda dy, c: [m.gelu_backward(dy, c)], r(N, D))
    pair(m.linear_forward, m.linear_backward, r(N, D), r(D, P), r(P))
