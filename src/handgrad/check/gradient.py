"""Gradient checks of the engine: a layer, a loss, or a net with loss and penalty as the trainer uses them.

Protocol: float64; central differences; a random upstream gradient for a layer; every coordinate of small
tensors, chosen ones and random directions of large ones; inputs away from kinks and ties; biases random,
never zero; a layer that draws (dropout) draws the same numbers at every evaluation.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from handgrad.check.differences import Reading, Target, TensorCheck
from handgrad.check.report import GradientReport, TensorLine
from handgrad.errors import ShapeError
from handgrad.kernels import get_kernels
from handgrad.kernels.types import Array, Indices
from handgrad.layers import Layer, ReLU
from handgrad.losses import Loss, Penalty, fill_targets
from handgrad.network import Network
from handgrad.streams import stream
from handgrad.workspace import Workspace

TOLERANCE = 1e-6


def check_layer(
    layer: Layer,
    input_shape: Sequence[int],
    *,
    samples: int = 5,
    seed: int = 0,
    train: bool = True,
    kernels: str | None = None,
    tolerance: float = TOLERANCE,
) -> GradientReport:
    """Check a layer's backward: its input's gradient (line "x") and each of its parameters'.

    Args:
        layer: as for a `Network`; one that is part of a built network is checked with that network's kernels.
        input_shape: of one sample.
        samples: N; default 5.
        seed: of weights, input and upstream gradient; default 0.
        train: check the training mode (default) or inference.
        kernels: "reference" or "native"; default as `Network.build`.
        tolerance: largest relative error let pass; default 1e-6.

    Raises:
        ShapeError: if the layer cannot take the shape.

    >>> from handgrad.layers import Dense
    >>> check_layer(Dense(3), (4,)).passed
    True
    """
    net = _prepare([layer], input_shape, seed, kernels)
    rng = stream(seed, "check")
    x = spread_values(rng, (samples, *net.input_shape))
    workspace = net.workspace(samples)
    dy = rng.standard_normal((samples, *net.output_shape))
    start = _forward(net, workspace, x, train, seed).copy()
    dx = np.empty_like(x)
    for _ in range(2):  # twice: a gradient that adds up, or spoils what it reads, shows in the second
        workspace.backward(dy.copy(), dx)
    magnitude = float(np.abs(dy * start).sum())

    def objective() -> Reading:
        y = _forward(net, workspace, x, train, seed)
        # Outputs that do not move cancel exactly.
        return Reading(float(np.vdot(dy, y - start)), magnitude, _decisions(net, workspace))

    subject = f"{type(layer).__name__} {layer.describe()}".strip()
    targets = [Target("x", x, dx), *_parameter_targets(net)]
    targets = [replace(target, name=target.name.removeprefix("0.")) for target in targets]
    return _report(f"{subject} on {net.input_shape}", targets, net, objective, rng, tolerance)


def check_loss(
    loss: Loss,
    *,
    classes: int = 7,
    samples: int = 5,
    seed: int = 0,
    weights: Array | None = None,
    kernels: str | None = None,
    tolerance: float = TOLERANCE,
) -> GradientReport:
    """Check a loss's gradient by its input (line "y"), on random targets, one-hot in the first row.

    Args:
        loss: with its reduction.
        classes: P, the number of outputs; default 7.
        samples: N; default 5.
        seed: of outputs and targets.
        weights: (N,) sample weights; default None.
        kernels: "reference" or "native"; default as `Network.build`.
        tolerance: largest relative error let pass; default 1e-6.

    >>> from handgrad.losses import SquaredError
    >>> check_loss(SquaredError("sum")).passed
    True
    """
    k, rng = get_kernels(kernels), stream(seed, "check")
    shape = (samples, classes)
    y = 3.0 * spread_values(rng, shape) if loss.follows is None else rng.uniform(0.1, 0.9, shape)
    t = rng.uniform(0.0, 1.0, shape)
    t[0] = np.eye(classes)[classes // 2]
    factors, losses, dy = np.empty(samples), np.empty(samples), np.empty(shape)
    loss.fill_factors(factors, weights)
    loss.evaluate(k, losses, dy, y, t, factors)
    magnitude = float(np.dot(np.abs(losses) + 1.0, np.abs(factors)))

    def objective() -> Reading:
        return Reading(loss.evaluate(k, losses, None, y, t, factors), magnitude, [])

    line = TensorCheck(Target("y", y, dy), objective, rng, tolerance).run()
    return GradientReport(f"{loss.name} ({loss.reduction})", tolerance, (line,))


def check_network(
    network: Network | Sequence[Layer],
    input_shape: Sequence[int],
    loss: Loss,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    samples: int = 5,
    seed: int = 0,
    x: Array | None = None,
    labels: Indices | None = None,
    weights: Array | None = None,
    train: bool = True,
    kernels: str | None = None,
    tolerance: float = TOLERANCE,
) -> GradientReport:
    """Check the whole gradient of loss plus penalty, computed as the trainer does, and the input's.

    The network is copied to float64 and left as it is. Parameters that are all equal (biases at zero) are
    replaced by random ones, because zeros hide mistakes.

    Args:
        network: a network, or layers to make one of. A built one lends its weights and its kernels.
        input_shape: of one sample.
        loss: with its reduction.
        l1, l2: the common penalty; default 0. A layer's own value wins.
        samples: N when x is not given; default 5.
        seed: of whatever is drawn; default 0.
        x: (N, *input_shape) as the net sees it; default spread over [−1, 1] away from 0 and from each other.
        labels: (N,) class numbers; default drawn.
        weights: (N,) sample weights; default None.
        train: check the training mode (default) or inference.
        kernels: "reference" or "native"; default as `Network.build`.
        tolerance: largest relative error let pass; default 1e-6.

    Raises:
        ShapeError: if a layer cannot take its input, the output is no vector, or a built network was built for
            another input shape.

    >>> from handgrad.layers import Dense, Tanh
    >>> from handgrad.losses import SoftmaxCrossEntropy
    >>> report = check_network([Dense(4), Tanh(), Dense(3)], (5,), SoftmaxCrossEntropy(), l2=0.1)
    >>> [line.name for line in report.lines]
    ['x', '0.W', '0.b', '2.W', '2.b']
    >>> report.passed
    True
    """
    net = _prepare(network, input_shape, seed, kernels)
    rng = stream(seed, "check")
    x, t = _batch(net, loss, rng, samples, x, labels)
    N = len(x)
    factors, losses = np.empty(N), np.empty(N)
    loss.fill_factors(factors, weights)
    workspace, penalty = net.workspace(N), Penalty(net, l1, l2)

    def value(dy: Array | None) -> float:
        y = _forward(net, workspace, x, train, seed)
        return loss.evaluate(net.k, losses, dy, y, t, factors) + penalty.value()

    dy, dx = workspace.output_gradient(N), np.empty_like(x)
    value(dy)
    for _ in range(2):  # twice: a gradient that adds up, or spoils what it reads, shows in the second
        workspace.backward(dy)
    penalty.add_gradient()
    bent = [id(W) for _, W, _, own_l1, _ in penalty.terms if own_l1]
    targets = [replace(t, bends_at_zero=id(t.values) in bent) for t in _parameter_targets(net)]
    workspace.backward(dy, dx)
    magnitude = float(np.dot(np.abs(losses) + 1.0, np.abs(factors))) + penalty.value()

    def objective() -> Reading:
        signs = [np.sign(W) for _, W, _, own_l1, _ in penalty.terms if own_l1]
        return Reading(value(None), magnitude, [*_decisions(net, workspace), *signs])

    subject = f"{net!r} with {loss.name} ({loss.reduction})"
    return _report(subject, [Target("x", x, dx), *targets], net, objective, rng, tolerance)


def spread_values(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values in [−1, 1] in random order, no two of the same magnitude, none near 0: off every kink and tie.

    >>> np.sort(np.abs(spread_values(np.random.default_rng(0), (2, 2))).ravel())
    array([0.25, 0.5 , 0.75, 1.  ])
    """
    size = int(np.prod(shape))
    magnitudes = (rng.permutation(size) + 1.0) / size
    values: Array = magnitudes * rng.choice([-1.0, 1.0], size)
    return values.reshape(shape)


def _prepare(network: Network | Sequence[Layer], input_shape: Sequence[int], seed: int, kernels: str | None) -> Network:
    """A float64 copy with no constant parameter or state."""
    given = network if isinstance(network, Network) else Network(network)
    net = copy.copy(given)
    net.layers = [copy.copy(layer) for layer in given.layers]
    net.build(input_shape, "float64", seed, kernels)
    for layer, original in zip(net.layers, given.layers, strict=True):
        layer.k = getattr(original, "k", layer.k)
    if hasattr(given, "theta"):
        _copy_values(net, given)
    rng = stream(seed, "check", 1)
    for values in net.parameters.values():
        if np.ptp(values) == 0.0:
            values += rng.uniform(0.1, 0.5, values.shape) * rng.choice([-1.0, 1.0], values.shape)
    for values in net.state.values():
        values += rng.uniform(0.1, 0.5, values.shape)
    return net


def _batch(
    net: Network, loss: Loss, rng: np.random.Generator, samples: int, x: Array | None, labels: Indices | None
) -> tuple[Array, Array]:
    """x (N, *input_shape) and dense targets t (N, P), as given or drawn."""
    if len(net.output_shape) != 1:
        raise ShapeError(
            f"{loss.name} expects outputs of shape (P,), one number a class; received {net.output_shape} "
            f"from the last layer ({type(net.layers[-1]).__name__}); add Flatten or Dense behind it"
        )
    x = spread_values(rng, (samples, *net.input_shape)) if x is None else np.array(x, np.float64, order="C")
    N, P = len(x), net.output_shape[-1]
    labels = rng.permutation(N) % max(P, 2) if labels is None else np.array(labels, np.int64)
    t = np.empty((N, P))
    fill_targets(net.k, t, labels)
    return x, t


def _copy_values(net: Network, given: Network) -> None:
    if net.input_shape != given.input_shape:
        raise ShapeError(
            f"the network was built for samples of shape {given.input_shape}; received the input shape "
            f"{net.input_shape}; give the shape it was built for, or its layers in a list"
        )
    net.k = given.k
    net.theta[...] = given.theta
    for name, values in net.state.items():
        values[...] = given.state[name]


def _forward(net: Network, workspace: Workspace, x: Array, train: bool, seed: int) -> Array:
    if any(layer.draws for layer in net.layers):
        net.seed_draws(seed)
    return workspace.forward(x, train)


def _decisions(net: Network, workspace: Workspace) -> list[Array]:
    """What bends the function where it flips: which ReLUs are on, and every choice kept as integers."""
    found: list[Array] = []
    for layer, y, cache in zip(net.layers, workspace.activations[1:], workspace.caches, strict=True):
        if isinstance(layer, ReLU):
            found.append(y > 0)
        found += [array.copy() for array in vars(cache).values() if array.dtype.kind in "iub"]
    return found


def _parameter_targets(net: Network) -> list[Target]:
    """The parameters with the present gradient."""
    return [Target(e.name, net.parameters[e.name], net.gradients[e.name].copy()) for e in net.table]


def _report(
    subject: str,
    targets: list[Target],
    net: Network,
    objective: Callable[[], Reading],
    rng: np.random.Generator,
    tolerance: float,
) -> GradientReport:
    frozen = {id(net.parameters[e.name]) for e in net.table if net.layers[e.layer].frozen}
    # Thousands of small products: beside other programs a second BLAS thread made this fifteen times slower.
    with threadpool_limits(limits=1, user_api="blas"):
        lines = [
            _frozen_line(target)
            if id(target.values) in frozen
            else TensorCheck(target, objective, rng, tolerance).run()
            for target in targets
        ]
    return GradientReport(subject, tolerance, tuple(lines))


def _frozen_line(target: Target) -> TensorLine:
    """A frozen tensor's part of the gradient must stay zero."""
    largest = float(np.abs(target.gradient).max(initial=0.0))
    verdict = "frozen" if largest == 0.0 else "wrong"
    return TensorLine(target.name, target.values.shape, 0, 0, 0, largest, None, largest, 0.0, verdict)
