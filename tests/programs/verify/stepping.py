"""The same for nets that only take steps: their gradient is (before − after) / rate."""

from types import ModuleType

import numpy as np

from .harness import bits, cross_entropy, hot, net, r, rng, stepped
from .nets import D, M, N, P, dense


def rashid_style(m: ModuleType) -> None:
    n = m.neuralNetwork(D, M, P, 0.5)
    x, t = r(D), bits(P)
    loss = lambda: 0.5 * ((n.query(x)[:, 0] - t) ** 2).sum()
    parameters = [n.wih, n.who]
    net(loss, lambda: stepped(parameters, lambda: n.train(x, t), 0.5), parameters, (x, t))


def train_function(m: ModuleType) -> None:
    p, x, t = dense(), r(N, D), bits(N, P)
    grads = lambda: [(a - b) / 0.5 for a, b in zip(p, m.train(x, t, *p, lr=0.5), strict=True)]
    net(lambda: ((m.predict(x, *p) - t) ** 2).sum() / (2 * N), grads, p, (x, t))


def mean_over_everything(m: ModuleType) -> None:
    n = m.Network()
    x, t = r(N, 784) / 10, bits(N, 10)
    p = [a for k in (0, 2) for a in (n.layers[k].weights, n.layers[k].bias)]
    m.print = lambda *a: None
    step = lambda: n.fit(x, t, 1, 0.5)
    net(lambda: np.mean((n.predict(x) - t) ** 2), lambda: stepped(p, step, 0.5), p, (x, t))


def train_step_inside(m: ModuleType) -> None:
    n = m.FeedForward(D, (M, 7), P, 0.5)
    n.biases = [r(*b.shape) for b in n.biases]
    x, t = r(N, D), hot(N, P)
    p = [*n.weights, *n.biases]
    step = lambda: stepped(p, lambda: n.train_step(x, t), 0.5)
    net(lambda: cross_entropy(n.predict(x), t) / N, step, p, (x, t))


def xor_toy(m: ModuleType) -> None:
    n = m.NeuralNet(D, M, P)
    x, t = r(N, D), bits(N, P)
    p = [n.weights_hidden, n.bias_hidden, n.weights_output, n.bias_output]
    step = lambda: n.feedforward(x) is None or n.backpropagation(x, t, 0.5)
    net(lambda: 0.5 * ((n.feedforward(x) - t) ** 2).sum(), lambda: stepped(p, step, 0.5), p, (x, t))


def updates_in_backward(m: ModuleType) -> None:
    n = m.NeuralNetwork(D, M, P)
    x, t = r(N, D), r(N, P)
    p = [n.l1_w, n.l1_b, n.l2_w, n.l2_b]
    step = lambda: n.forward(x) is None or n.backward(t, 0.5)
    net(lambda: n.forward(x) is None or n.loss(t), lambda: stepped(p, step, 0.5), p, (x, t))


def tiny_cnn_steps(m: ModuleType) -> None:
    rng.random()
    image, label = rng.uniform(0, 255, (28, 28)), 3
    p = [m.conv.filters, m.softmax.weights, m.softmax.biases]
    step = lambda: m.train(image, label, 0.01)
    net(lambda: m.forward(image, label)[1], lambda: stepped(p, step, 0.01), p, (image,))
