"""Judges of the unseen programs, first part; the names are the files'."""

from types import ModuleType
from typing import Any

import numpy as np

from .harness import bits, cross_entropy, hot, joined, net, r, same, softmax_cross_entropy, stepped
from .loops import moved
from .nets import D, M, N, P, dense
from .pieces import conserve, distinct, layer, pair, tied


def named(*names: str, **options: Any) -> dict[str, np.ndarray]:
    """Weights and biases by these names, see `dense`."""
    return dict(zip(names, dense(**options), strict=True))


def s(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def half_squares(y: np.ndarray, t: np.ndarray) -> float:
    return float(0.5 * ((y - t) ** 2).sum())


def xor_eleven_lines(m: ModuleType) -> None:
    p, x, t = {"syn0": r(D, M), "syn1": r(M, 2)}, r(N, D), bits(N, 2)
    loss = lambda: half_squares(s(s(x @ p["syn0"]) @ p["syn1"]), t)
    net(loss, lambda: moved(m, p, 1.0, X=x, y=t), p.values(), (x, t))


def xor_gate(m: ModuleType) -> None:
    p = named("hidden_weights", "hidden_bias", "output_weights", "output_bias", bias="2d")
    w, b, v, c = p.values()
    x, t = r(N, D), bits(N, P)
    loss = lambda: half_squares(s(s(x @ w + b) @ v + c), t)
    net(loss, lambda: moved(m, p, 0.5, inputs=x, expected_output=t, lr=0.5), p.values(), (x, t))


def iris_script(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2")
    w, b, v, c = p.values()
    x, t = r(N, D), hot(N, P)
    loss = lambda: softmax_cross_entropy(np.maximum(x @ w + b, 0) @ v + c, t) / N
    step = lambda: moved(m, p, 0.5, X_train=x, y_train=t, learning_rate=0.5, costs=[], itr=1)
    net(loss, step, p.values(), (x, t))


def fc_activation_layers(m: ModuleType) -> None:
    m.print = lambda *a: None
    n = m.Network()
    for i, o in ((D, M), (M, P)):
        n.add(m.FCLayer(i, o))
        n.add(m.ActivationLayer(m.tanh, m.tanh_prime))
    n.use(m.mse, m.mse_prime)
    p = [a for k in (0, 2) for a in (n.layers[k].weights, n.layers[k].bias)]
    x, t = r(1, 1, D), r(1, 1, P)
    step = lambda: stepped(p, lambda: n.fit(x, t, 1, 0.5), 0.5)
    net(lambda: np.mean((n.predict(x)[0] - t[0]) ** 2), step, p, (x, t))


def spiral_from_scratch(m: ModuleType) -> None:
    one, relu, two = m.Layer_Dense(D, M), m.Activation_ReLU(), m.Layer_Dense(M, P)
    last = m.Activation_Softmax_Loss_CategoricalCrossentropy()
    for d in (one, two):
        d.weights, d.biases = r(*d.weights.shape), r(*d.biases.shape)
    x, y = r(N, D), hot(N, P).argmax(1)
    p = [one.weights, one.biases, two.weights, two.biases]

    def value() -> float:
        one.forward(x)
        relu.forward(one.output)
        two.forward(relu.output)
        return last.forward(two.output, y)

    def grads(split: bool) -> list[np.ndarray]:
        value()
        last.backward(last.output, y)
        if split:
            last.loss.backward(last.output, y)
            last.activation.backward(last.loss.dinputs)
        two.backward((last.activation if split else last).dinputs)
        relu.backward(two.dinputs)
        one.backward(relu.dinputs)
        return [one.dweights, one.dbiases, two.dweights, two.dbiases]

    for split in (False, True):
        net(value, lambda split=split: grads(split), p, (x, y))
    sgd = m.Optimizer_SGD(0.5)
    net(value, lambda: grads(False) and stepped(p, lambda: [sgd.update_params(d) for d in (one, two)], 0.5), p)


def cat_classifier_helpers(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2", "W3", "b3", rows=False, sizes=(D, M, 7, 1), bias="2d")
    x, t = r(D, N), bits(1, N)

    def grads() -> list[np.ndarray]:
        out, caches = m.L_model_forward(x, p)
        g = m.L_model_backward(out, t, caches)
        new = m.update_parameters(p, g, 0.5)
        return [g["d" + k] if "W" in k else (p[k] - new[k]) / 0.5 for k in p]

    net(lambda: m.compute_cost(m.L_model_forward(x, p)[0], t), grads, p.values(), (x, t))


def reg_three_layers(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2", "W3", "b3", rows=False, sizes=(D, M, 7, 1), bias="2d")
    x, t = r(D, N), bits(1, N)
    for lam in (0.0, 0.7):
        cost = lambda lam=lam: m.compute_cost_with_regularization(m.forward_propagation(x, p)[0], t, p, lam)
        back = lambda lam=lam: m.backward_propagation_with_regularization(x, t, m.forward_propagation(x, p)[1], lam)
        net(cost, lambda back=back: [back()["d" + k] for k in p], p.values(), (x, t))


def matrix_per_sample(m: ModuleType) -> None:
    n = m.Perceptron3(D, M, P, 0.5)
    x, t = r(D), bits(P)
    p = [n.V, n.v, n.W, n.w]
    loss = lambda: half_squares(np.asarray(n.ask(x)).ravel(), t)

    def step() -> list[np.ndarray]:
        kept = [a.copy() for a in p]
        n.teach(x, t)
        found = [(np.asarray(k) - np.asarray(a)) / 0.5 for k, a in zip(kept, (n.V, n.v, n.W, n.w), strict=True)]
        for a, k in zip(p, kept, strict=True):
            a[...] = k
        n.V, n.v, n.W, n.w = p
        return found

    flat = [np.asarray(a) for a in p]
    net(loss, step, flat, (x, t))


def ones_column_softmax(m: ModuleType) -> None:
    theta, x, y = r(D + 1, P), r(N, D), hot(N, P).argmax(1)
    for reg in (0.0, 0.3):
        both = lambda reg=reg: m.loss_and_grad(theta, x, y, reg)
        net(lambda both=both: both()[0], lambda both=both: [both()[1]], [theta], (x, y))


def gradient_descent_week2(m: ModuleType) -> None:
    theta, x, y = r(D, 1), r(N, D), r(N, 1)
    step = lambda: [(theta - m.gradientDescent(x, y, theta, 0.5, 1)[0]) / 0.5]
    net(lambda: m.computeCost(x, y, theta), step, [theta], (x, y))
    net(lambda: ((x @ theta - y) ** 2).sum() / (2 * N), step, [theta], (x, y))


def logistic_estimator(m: ModuleType) -> None:
    for l2 in (0.0, 0.4):
        x, t, w, b = r(N, D), bits(N), np.zeros(D), np.zeros(1)

        def step(
            l2: float = l2, x: np.ndarray = x, t: np.ndarray = t, w: np.ndarray = w, b: np.ndarray = b
        ) -> list[np.ndarray]:
            n = m.LogisticRegression(0.5, 2, l2).fit(x, t)
            one = m.LogisticRegression(0.5, 1, l2).fit(x, t)
            w[...], b[...] = one.weights, one.bias
            return [(one.weights - n.weights) / 0.5, np.array([(one.bias - n.bias) / 0.5])]

        step()
        q = lambda x=x, w=w, b=b: s(x @ w + b)
        loss = lambda q=q, t=t, l2=l2, w=w: (
            -np.mean(t * np.log(q()) + (1 - t) * np.log(1 - q())) + 0.5 * l2 * (w**2).sum()
        )
        net(loss, step, [w, b], (x, t))


def sparse_autoencoder(m: ModuleType) -> None:
    n = m.AutoEncoder(D, M)
    n.W_enc, n.b_enc, n.W_dec, n.b_dec = p = dense(sizes=(D, M, D))
    x = r(N, D)
    net(lambda: n.loss(x), lambda: n.gradients(x).values(), p, (x,))


def deep_leaky_lists(m: ModuleType) -> None:
    flat = dense(sizes=(D, M, 7, 8, 6, P), bias="2d")
    w, b = flat[::2], flat[1::2]
    x, t = r(N, D), hot(N, P)
    grads = lambda: joined(m.backward(t, *m.forward(x, w, b), w))
    net(lambda: m.cross_entropy(m.forward(x, w, b)[1][-1], t), grads, w + b, (x, t))
    net(lambda: cross_entropy(m.forward(x, w, b)[1][-1], t) / N, grads, w + b, (x, t))


def swish_net(m: ModuleType) -> None:
    n = m.TwoActivations(D, M, 7, P)
    names = ("W1", "b1", "W2", "b2", "W3", "b3")
    p = dense(sizes=(D, M, 7, P))
    for k, a in zip(names, p, strict=True):
        setattr(n, k, a)
    x, y = r(N, D), hot(N, P).argmax(1)
    grads = lambda: n.forward(x) is None or [n.backward(y)[k] for k in names]
    net(lambda: n.forward(x) is None or n.compute_loss(y), grads, p, (x, y))


def huber_prices(m: ModuleType) -> None:
    p = named("w1", "b1", "w2", "b2", sizes=(D, M, 1), bias="2d")
    x, t = r(N, D), np.array([[-6.0], [5.0], [0.1], [-7.0], [0.3]])
    net(lambda: m.huber(p, x, t), lambda: [m.huber_gradients(p, x, t)[k] for k in p], p.values(), (x, t))


def svm_two_layers(m: ModuleType) -> None:
    n = m.HingeNet(D, M, P)
    n.params = named("W1", "b1", "W2", "b2")
    x, y = r(N, D), hot(N, P).argmax(1)
    for reg in (0.0, 0.3):
        n.reg = reg
        net(lambda: n.loss(x, y)[0], lambda: [n.loss(x, y)[1][k] for k in n.params], n.params.values(), (x, y))


def fashion_loop(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2", "W3", "b3", sizes=(D, M, 7, P), bias="2d")
    w, b, v, c, u, d = p.values()
    x, t = r(N, D), hot(N, P)
    loss = lambda: softmax_cross_entropy(np.tanh(np.tanh(x @ w + b) @ v + c) @ u + d, t) / N
    step = lambda: moved(m, p, 0.5, x_train=x, T_train=t, lr=0.5, batch_size=N, rng=np.random.default_rng(1), losses=[])
    net(loss, step, p.values(), (x, t))


def digits_functions(m: ModuleType) -> None:
    p = named("W1", "b1", "W2", "b2", rows=False, bias="2d")
    x, t = r(D, N), hot(N, P).T
    grads = lambda: m.back_propagation(x, t, m.forward_propagation(x, p), p)
    net(
        lambda: m.log_loss(m.forward_propagation(x, p)["A2"], t),
        lambda: [grads()["d" + k] for k in p],
        p.values(),
        (x, t),
    )


def dropout_in_net(m: ModuleType) -> None:
    x, y = r(N, D), hot(N, P).argmax(1)
    for keep in (1.0, 0.6):
        n = m.MLPWithDropout((D, M, 7, P), keep)
        n.params = named("W1", "b1", "W2", "b2", "W3", "b3", sizes=(D, M, 7, P))
        ahead = lambda n=n: np.random.seed(3) or n.forward(x)
        grads = lambda n=n, ahead=ahead: [(ahead(), n.backward(y))[1][k] for k in n.params]
        net(lambda n=n, ahead=ahead: (ahead(), n.loss(y))[1], grads, n.params.values(), (x, y))
    tested = r(40, D)
    n.predict(tested)
    same(n.forward(tested) if not n.training else 1.0, 1.0, "training after predict")
    n.training = False
    same(n.forward(tested), n.forward(tested), "outputs in testing")
    n.training = True


def batchnorm_mlp(m: ModuleType) -> None:
    n = m.BatchNormMLP(D, M, P)
    names = ("W1", "gamma", "beta", "W2", "b2")
    n.W1, n.gamma, n.beta, n.W2, n.b2 = p = [r(D, M), r(M), r(M), r(M, P), r(P)]
    x, y = r(N, D), hot(N, P).argmax(1)
    net(lambda: n.loss(x, y), lambda: [n.grads(x, y)[k] for k in names], p, (x, y))


def lenet_loops(m: ModuleType) -> None:
    n = m.LeNetSmall(2, 7, 3, 3, P)
    n.b_conv, n.b_fc = r(3), r(P)
    n.w_conv *= 10
    x, t = r(4, 2, 7, 7), hot(4, P)
    net(
        lambda: n.loss(x, t),
        lambda: n.forward(x) is None or n.backward(t),
        [n.w_conv, n.b_conv, n.w_fc, n.b_fc],
        (x, t),
    )
    arrays = r(2, 2, 6, 5), r(3, 2, 3, 3), r(3)
    pair(lambda x, w, b: (m.conv2d(x, w, b), None), lambda dy, _: m.conv2d_backward(dy, *arrays[:2]), *arrays)
    z = distinct(2, 3, 6, 4)
    pair(lambda x: (m.maxpool(x), None), lambda dy, _: [m.maxpool_backward(dy, z)], z)
    conserve(lambda x: (m.maxpool(x), x), m.maxpool_backward, tied(2, 3, 6, 4))


def conv_layers_im2col(m: ModuleType) -> None:
    for stride, pad in ((1, 0), (2, 1), (1, 1)):
        c = m.Conv(4, 3, 3, stride, pad)
        layer(c, r(2, 3, 7, 5), ("W", "b"), ("dW", "db"))
    for k, s in ((2, 2), (3, 1)):
        layer(m.AvgPool(k, s), r(2, 3, 7, 5))


def min_char_rnn(m: ModuleType) -> None:
    m.vocab_size, m.hidden_size = P, M
    names = ("Wxh", "Whh", "Why", "bh", "by")
    p = [r(M, P), r(M, M), r(P, M), r(M, 1), r(P, 1)]
    for k, a in zip(names, p, strict=True):
        m.__dict__[k] = a
    h = r(M, 1)
    run = lambda: m.lossFun([0, 2, 1, 1], [2, 1, 1, 0], h)
    net(lambda: run()[0], lambda: run()[1:6], p, (h,))


def einsum_params(m: ModuleType) -> None:
    p = m.Params(*dense())
    x, t = r(N, D), hot(N, P)
    net(lambda: m.loss_fn(p, x, t), lambda: m.value_and_grad(p, x, t)[1], p, (x, t))
    net(lambda: m.value_and_grad(p, x, t)[0], lambda: m.value_and_grad(p, x, t)[1], p, (x, t))


def globals_mnist(m: ModuleType) -> None:
    p = {"weights_0_1": r(D, M), "weights_1_2": r(M, P)}
    w, v = p.values()
    x, t = r(1, D), bits(1, P)
    loss = lambda: half_squares(np.maximum(x @ w, 0) @ v, t)
    net(loss, lambda: moved(m, p, 0.5, images=x, labels=t, alpha=0.5, j=1), p.values(), (x, t))
