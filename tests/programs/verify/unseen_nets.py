"""Judges of the unseen nets, written as functions and classes; the names are the files'."""

from types import ModuleType

import numpy as np

from .harness import bits, hot, net, r, stepped

N, D, H, P = 7, 6, 5, 3


def _filled(holder: object, names: tuple[str, ...]) -> list[np.ndarray]:
    """An object's parameters, drawn anew."""
    for name in names:
        setattr(holder, name, r(*np.shape(getattr(holder, name))))
    return [getattr(holder, name) for name in names]


def deep_binary_columns(m: ModuleType) -> None:
    sizes = ((4, D), (4, 1), (4, 4), (4, 1), (1, 4), (1, 1))
    p = {f"{'Wb'[i % 2]}{i // 2 + 1}": r(*shape) for i, shape in enumerate(sizes)}
    x, t = r(D, N), bits(1, N)

    def gradients() -> list[np.ndarray]:
        last, caches = m.L_model_forward(x, p)
        found = m.L_model_backward(last, t, caches)
        return [found[f"d{k}"] for k in p]

    net(lambda: m.compute_cost(m.L_model_forward(x, p)[0], t), gradients, p.values(), (x, t))


def minibatch_network_matrix(m: ModuleType) -> None:
    model, x, t = m.Network([5, 4, 4, 3]), r(5, N), hot(N, P).T.copy()
    model.biases = [r(*b.shape) for b in model.biases]

    def gradients() -> list[np.ndarray]:
        biases, weights = model.backprop(x, t)
        return [*weights, *biases]

    loss = lambda: m.CrossEntropyCost.fn(model.feedforward(x), t)
    net(loss, gradients, [*model.weights, *model.biases], (x, t))


def course_three_layer_reg(m: ModuleType) -> None:
    model, x, y = m.ThreeLayerNet(D, (5, 4), P, 0.7, reg=0.3), r(N, D), np.arange(N) % P
    model.params = {k: r(*v.shape) for k, v in model.params.items()}
    gradients = lambda: [model.loss(x, y)[1][k] for k in model.params]
    net(lambda: model.loss(x, y)[0], gradients, model.params.values(), (x,))


def simple_class_xor(m: ModuleType) -> None:
    model, x, t = m.NeuralNetwork(3, 5, 2, 0.01), r(N, 3), bits(N, 2)
    names = ("weights_input_hidden", "bias_hidden", "weights_hidden_output", "bias_output")
    parameters = _filled(model, names)
    step = lambda: (model.forward(x), model.backward(x, t))
    net(
        lambda: 0.5 * ((model.forward(x) - t) ** 2).sum(),
        lambda: stepped(parameters, step, 0.01),
        parameters,
        (x, t),
    )


def kaggle_digits_functions(m: ModuleType) -> None:
    parameters, x, y = [0.2 * r(10, 784), r(10, 1), r(10, 10), r(10, 1)], r(784, N), np.arange(N)

    def gradients() -> tuple[np.ndarray, ...]:
        z1, a1, z2, a2 = m.forward_prop(*parameters, x)
        return m.backward_prop(z1, a1, z2, a2, parameters[0], parameters[2], x, y)

    net(lambda: -np.mean(np.log(m.forward_prop(*parameters, x)[3][y, np.arange(N)])), gradients, parameters, (x,))


def textbook_two_layer_gradient(m: ModuleType) -> None:
    model, x, t = m.TwoLayerNet(D, H, P), r(N, D), hot(N, P)
    model.params = {k: r(*v.shape) for k, v in model.params.items()}
    gradients = lambda: [model.gradient(x, t)[k] for k in model.params]
    net(lambda: model.loss(x, t), gradients, model.params.values(), (x, t))


def cost_function_rolled(m: ModuleType) -> None:
    theta, x, y = r(H * (D + 1) + P * (H + 1)), r(N, D), np.arange(N) % P
    cost = lambda: m.nnCostFunction(theta, D, H, P, x, y, 0.7)
    net(lambda: cost()[0], lambda: [cost()[1]], [theta], (x,))


def mlp_lists_generated(m: ModuleType) -> None:
    model, x, t = m.MLP([D, 4, 4, P]), r(N, D), hot(N, P)
    model.biases = [r(*b.shape) for b in model.biases]

    def gradients() -> list[np.ndarray]:
        weights, biases = model.backward(t, model.forward(x)[1])
        return [*weights, *biases]

    net(lambda: model.compute_loss(model.forward(x)[0], t), gradients, [*model.weights, *model.biases], (x, t))


def estimator_explicit_chain(m: ModuleType) -> None:
    model, x, y = m.NeuralNetMLP(D, H, P), r(N, D), np.arange(N) % P
    parameters = _filled(model, ("weight_out", "bias_out", "weight_h", "bias_h"))
    gradients = lambda: model.backward(x, *model.forward(x), y)
    net(lambda: m.mse_loss(y, model.forward(x)[1], P), gradients, parameters, (x,))


def pset_functions_passed(m: ModuleType) -> None:
    p, x, t = m.get_initial_params(D, H, P), r(N, D), hot(N, P)
    gradients = lambda: [m.backward_prop(x, t, p, m.forward_prop)[k] for k in p]
    net(lambda: m.forward_prop(x, t, p)[2], gradients, p.values(), (x, t))


def own_network_train_query(m: ModuleType) -> None:
    model, x, t = m.neuralNetwork(D, 4, P, 0.01), r(D), bits(P)
    parameters = [model.wih, model.who]
    loss = lambda: 0.5 * ((model.query(x)[:, 0] - t) ** 2).sum()
    net(loss, lambda: stepped(parameters, lambda: model.train(x, t), 0.01), parameters, (x, t))


def sample_alpha_beta(m: ModuleType) -> None:
    x, alpha, beta = np.concatenate([[1.0], r(D)]), r(4, D + 1), r(P, 5)
    gradients = lambda: m.nn_backward(x, 2, alpha, beta, m.nn_forward(x, 2, alpha, beta))
    net(lambda: m.nn_forward(x, 2, alpha, beta)[-1], gradients, [alpha, beta], (x,))


def tuples_in_a_list(m: ModuleType) -> None:
    params, batch = [(r(D, 4), r(4)), (r(4, 4), r(4)), (r(4, P), r(P))], (r(N, D), hot(N, P))
    flat = lambda pairs: [array for pair in pairs for array in pair]
    net(lambda: m.loss(params, batch), lambda: flat(m.grad_loss(params, batch)), flat(params), batch)


def regresion_tanh_clase(m: ModuleType) -> None:
    model, x, t = m.RedNeuronal([3, 4, 4, 2]), r(3, N), r(2, N)
    model.sesgos = [r(*b.shape) for b in model.sesgos]

    def gradients() -> list[np.ndarray]:
        model.propagar(x)
        model.retropropagar(t)
        return [*model.dW, *model.db]

    net(lambda: model.costo(model.propagar(x), t), gradients, [*model.pesos, *model.sesgos], (x, t))
