"""What every layer must keep, tested once for all of them.

A family's test file lists cases:

    class TestDense(LayerContract):
        cases = (
            Case("wide", make=lambda: Dense(5), input_shape=(3,), naive=dense_loops, jax=dense_jax,
                 refused=((3, 4, 4), "Flatten")),
        )

`naive(x, a, train)` computes y (N, …) with Python loops, `jax(x, a, train)` with jax.numpy; x is the input.
`a` holds by name the layer's parameters, its state as it was before the pass, and its buffers as the pass
left them (such as a dropout mask).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import jax
import numpy as np
import pytest

from handgrad.check import check_layer
from handgrad.check.gradient import spread_values
from handgrad.errors import ShapeError
from handgrad.layers import Identity, Layer
from handgrad.network import Network
from handgrad.streams import stream

N = 5
Formula = Callable[[Any, SimpleNamespace, bool], Any]

#: names of the layer types that some case makes, filled as the families' test files are imported
COVERED: set[str] = set()


@dataclass(frozen=True)
class Case:
    """One layer as it is put to the test, on N = 5 samples.

    `modes` are the values of `train` to run with; `refused` is an input shape that it must not take and
    a word of the remedy that the message must name.
    """

    name: str
    make: Callable[[], Layer]
    input_shape: tuple[int, ...]
    naive: Formula
    jax: Formula
    modes: tuple[bool, ...] = (True,)
    refused: tuple[tuple[int, ...], str] | None = None


class Bench:
    """A network of the one layer, with an input off kinks and ties and a random upstream gradient."""

    def __init__(
        self,
        case: Case,
        kernels: str,
        train: bool,
        *,
        dtype: str = "float64",
        capacity: int = N,
        frozen: bool = False,
    ) -> None:
        layer = case.make()
        layer.frozen = frozen
        self.net = Network([layer]).build(case.input_shape, dtype, seed=1, kernels=kernels)
        self.train = train
        rng = stream(2, "check")
        for values in (*self.net.parameters.values(), *self.net.state.values()):
            if np.ptp(values) == 0.0:
                values += rng.uniform(0.1, 0.5, values.shape).astype(dtype)
        self.before = {name: a.copy() for name, a in {**self.net.parameters, **self.net.state}.items()}
        self.x = spread_values(rng, (N, *case.input_shape)).astype(dtype)
        self.dy = rng.standard_normal((N, *self.net.output_shape)).astype(dtype)
        self.dx = np.zeros_like(self.x)
        self.workspace = self.net.workspace(capacity)

    def forward(self, n: int = N) -> np.ndarray:
        """The output for the first n samples; a layer that draws draws the same each time."""
        self.net.seed_draws(3)
        return self.workspace.forward(self.x[:n], self.train)

    def run(self, n: int = N, want_dx: bool = True) -> dict[str, np.ndarray]:
        """Copies of the output and of every gradient."""
        y = self.forward(n).copy()
        self.workspace.backward(self.dy[:n], self.dx[:n] if want_dx else None)
        found = {"y": y, "dx": self.dx[:n].copy()} if want_dx else {"y": y}
        return found | {f"d{name[2:]}": g.copy() for name, g in self.net.gradients.items()}

    def arrays(self) -> SimpleNamespace:
        """What a formula may read besides x; call after a forward pass."""
        named = {name.split(".")[1]: values for name, values in self.before.items()}
        return SimpleNamespace(**named, **vars(self.workspace.caches[0]))


def assert_same(received: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """Bit for bit, by name."""
    assert received.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(received[name], expected[name], err_msg=name)


class LayerContract:
    """Inherit, name the class Test…, and list `cases`."""

    cases: ClassVar[tuple[Case, ...]] = ()

    def __init_subclass__(cls) -> None:
        COVERED.update(type(case.make()).__name__ for case in cls.cases)

    def test_forward_is_what_the_loops_say(self, case: Case, train: bool, kernels: str) -> None:
        bench = Bench(case, kernels, train)
        y = bench.forward()
        assert y.shape == (N, *bench.net.output_shape)
        expected = np.asarray(case.naive(bench.x, bench.arrays(), train))
        assert expected.shape == y.shape
        np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)

    def test_gradients_are_what_jax_says(self, case: Case, train: bool, kernels: str) -> None:
        bench = Bench(case, kernels, train)
        found = bench.run()
        fixed = vars(bench.arrays())
        names = [entry.name[2:] for entry in bench.net.table]
        parameters = {name: fixed.pop(name) for name in names}

        def function(x: Any, parameters: dict[str, Any]) -> Any:
            return case.jax(x, SimpleNamespace(**fixed, **parameters), train)

        y, pull_back = jax.vjp(function, bench.x, parameters)
        dx, gradients = pull_back(bench.dy)
        assert y.dtype == np.float64
        expected = {"y": y, "dx": dx, **{f"d{name}": g for name, g in gradients.items()}}
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-11, err_msg=name)

    def test_gradients_are_what_differences_say(self, case: Case, train: bool, kernels: str) -> None:
        report = check_layer(case.make(), case.input_shape, samples=N, train=train, kernels=kernels)
        assert report.passed, report.format()
        expected = {"x", *(p.name for p in case.make().params(case.input_shape))}
        assert {line.name for line in report.lines} == expected

    def test_backward_twice_gives_the_same_numbers(self, case: Case, train: bool, kernels: str) -> None:
        bench = Bench(case, kernels, train)
        first = bench.run()
        bench.workspace.backward(bench.dy, bench.dx)
        again = {name: first["y"] if name == "y" else value for name, value in first.items()}
        again["dx"] = bench.dx
        again |= {f"d{name[2:]}": g for name, g in bench.net.gradients.items()}
        assert_same(again, first)

    def test_fewer_samples_than_the_capacity(self, case: Case, train: bool, kernels: str) -> None:
        large, exact = Bench(case, kernels, train, capacity=N + 4), Bench(case, kernels, train, capacity=3)
        large.run()  # leaves numbers of samples that the next pass does not have
        large.net.theta[...] = exact.net.theta
        for name, values in large.net.state.items():
            values[...] = exact.before[name]
        expected = exact.run(3)
        for name, value in large.run(3).items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-13, atol=1e-14, err_msg=name)

    def test_without_dx_the_rest_is_the_same(self, case: Case, train: bool, kernels: str) -> None:
        with_dx = Bench(case, kernels, train).run()
        without = Bench(case, kernels, train).run(want_dx=False)
        del with_dx["dx"]
        assert_same(without, with_dx)

    def test_layer_takes_none_for_dx(self, case: Case, train: bool, kernels: str) -> None:
        bench = Bench(case, kernels, train)
        expected = bench.run()
        bench.net.grad.fill(np.nan)
        bench.net.layers[0].backward(
            None, bench.dy, bench.x, bench.workspace.activations[-1], bench.workspace.caches[0]
        )
        for name, gradient in bench.net.gradients.items():
            np.testing.assert_array_equal(gradient, expected[f"d{name[2:]}"], err_msg=name)

    def test_frozen_layer_still_hands_dx_down(self, case: Case, train: bool, kernels: str) -> None:
        moving, frozen = Bench(case, kernels, train).run(), Bench(case, kernels, train, frozen=True).run()
        np.testing.assert_array_equal(frozen["dx"], moving["dx"])
        assert all(not frozen[name].any() for name in frozen if name not in ("y", "dx"))

    def test_reads_without_writing(self, case: Case, train: bool, kernels: str) -> None:
        bench = Bench(case, kernels, train)
        x, dy, theta = bench.x.copy(), bench.dy.copy(), bench.net.theta.copy()
        y = bench.forward().copy()
        state = {name: a.copy() for name, a in bench.net.state.items()}
        bench.workspace.backward(bench.dy, bench.dx)
        kept = {"x": x, "dy": dy, "y": y, "theta": theta, **state}
        now = {"x": bench.x, "dy": bench.dy, "y": bench.workspace.activations[-1], "theta": bench.net.theta}
        assert_same(now | bench.net.state, kept)

    def test_destinations_are_overwritten(self, case: Case, train: bool, kernels: str) -> None:
        expected = Bench(case, kernels, train).run()
        bench = Bench(case, kernels, train)
        y = bench.forward()
        for name, values in bench.net.state.items():
            values[...] = bench.before[name]
        if not np.shares_memory(y, bench.x):
            y.fill(np.nan)
        for array in vars(bench.workspace.caches[0]).values():
            array.fill(np.nan if array.dtype.kind == "f" else 1)
        bench.net.grad.fill(np.nan)
        bench.dx.fill(np.nan)
        assert_same(bench.run(), expected)

    def test_float32_is_float64_rounded(self, case: Case, train: bool, kernels: str) -> None:
        exact = Bench(case, kernels, train).run()
        for name, value in Bench(case, kernels, train, dtype="float32").run().items():
            assert value.dtype == np.float32
            scale = np.abs(exact[name]).max()
            np.testing.assert_allclose(value, exact[name], rtol=1e-4, atol=1e-5 * scale, err_msg=name)

    def test_describes_what_it_declares(self, case: Case, train: bool, kernels: str) -> None:
        layer = Bench(case, kernels, train).net.layers[0]
        for param in layer.params(case.input_shape):
            assert getattr(layer, param.name).shape == param.shape
            assert getattr(layer, f"d{param.name}").shape == param.shape
        assert isinstance(layer.describe(), str)

    def test_refuses_a_shape_with_a_remedy(self, case: Case, train: bool, kernels: str) -> None:
        layer = case.make()
        if case.refused is None:
            assert layer.output_shape(case.input_shape)  # takes any shape
            return
        shape, remedy = case.refused
        with pytest.raises(ShapeError) as caught:
            Network([Identity(), layer]).build(shape, kernels=kernels)
        message = str(caught.value)
        for part in (f"layer 1 ({type(layer).__name__})", "expects", "received", str(shape), remedy):
            assert part in message, f"{part!r} is missing in: {message}"
