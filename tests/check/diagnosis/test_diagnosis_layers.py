"""Layer pairs, written as students write them: loops, one mistake each."""

import numpy as np
import pytest

from handgrad.check.diagnosis import diagnose_layer
from handgrad.check.subject import LayerAnswer


class Pair:
    def __init__(self, kind, forward, backward, **options):
        self.kind, self.f, self.b, self.options = kind, forward, backward, options

    def forward(self, inputs):
        return self.f(inputs)

    def answer(self, inputs, dy, *, calls=1):
        found = []
        for _ in range(calls):
            before = dy.copy()
            y = self.f(inputs)
            gradients = self.b(inputs, dy, y)
            found.append(LayerAnswer(y, gradients, () if np.array_equal(before, dy) else ("dy",)))
        return found


def conv(x, W, b):
    N, _, H, L = x.shape
    F, _, K, _ = W.shape
    y = np.zeros((N, F, H - K + 1, L - K + 1))
    for p in range(y.shape[2]):
        for q in range(y.shape[3]):
            y[:, :, p, q] = np.einsum("nckl,fckl->nf", x[:, :, p : p + K, q : q + K], W) + b
    return y


def conv_back(i, dy, *, flip=False, turned=True, add=True, channel=None, image=None, bias="sum"):
    x, W = i["x"], i["W"]
    K = W.shape[2]
    dW, dx = np.zeros_like(W), np.zeros_like(x)
    for p in range(dy.shape[2]):
        for q in range(dy.shape[3]):
            g = dy[:, :, p, q].copy()
            if image is not None:
                g[np.arange(len(g)) != image] = 0
            dW += np.einsum("nf,nckl->fckl", g, x[:, :, p : p + K, q : q + K])
            part = np.einsum("nf,fckl->nckl", g, W if turned else W[:, :, ::-1, ::-1])
            if add:
                dx[:, :, p : p + K, q : q + K] += part
            else:
                dx[:, :, p : p + K, q : q + K] = part
    if channel is not None:
        dW[:, np.arange(W.shape[1]) != channel] = 0
    db = dy.sum(axis=(0, 2, 3)) if bias == "sum" else dy.mean(axis=(0, 2, 3))
    return {"x": dx, "W": dW[:, :, ::-1, ::-1] if flip else dW, "b": db}


def conv_pair(**mistake):
    return Pair("conv", lambda i: conv(i["x"], i["W"], i["b"]), lambda i, dy, y: conv_back(i, dy, **mistake), kernel=3)


def pool(x):
    N, C, H, W = x.shape
    return x[:, :, : H // 2 * 2, : W // 2 * 2].reshape(N, C, H // 2, 2, W // 2, 2).max(axis=(3, 5))


def pool_back(x, dy, way):
    dx = np.zeros_like(x)
    for n, c, p, q in np.ndindex(dy.shape):
        w = x[n, c, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
        out = dx[n, c, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
        if way == "all":
            out += (w == w.max()) * dy[n, c, p, q]
        elif way == "shared":
            out += (w == w.max()) / (w == w.max()).sum() * dy[n, c, p, q]
        elif way == "average":
            out += dy[n, c, p, q] / 4
        else:
            flat = w.reshape(-1)
            best = len(flat) - 1 - flat[::-1].argmax() if way == "last" else flat.argmax()
            out[best // 2, best % 2] = dy[n, c, p, q]
        if way == "return":
            return dx
    return dx


def pool_pair(way):
    return Pair(
        "maxpool", lambda i: pool(i["x"]), lambda i, dy, y: {"x": pool_back(i["x"], dy, way)}, kernel=2, stride=2
    )


def norm(i):
    x = i["x"]
    return i["gamma"] * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) + i["beta"]


def norm_back(i, dy, way):
    x = i["x"]
    s = np.sqrt(x.var(0) + 1e-5)
    hat = (x - x.mean(0)) / s
    g = dy * (1 if way == "gamma" else i["gamma"])
    mean, along = g.mean(0), hat * (g * hat).mean(0)
    dx = {"constant": g / s, "mean": (g - mean) / s, "variance": (g - along) / s, "square": (g - mean - along) / s**2}
    return {"x": dx.get(way, (g - mean - along) / s), "gamma": (dy * hat).sum(0), "beta": dy.sum(0)}


def norm_pair(way):
    return Pair("batchnorm", norm, lambda i, dy, y: norm_back(i, dy, way), epsilon=1e-5)


class Dropout:
    kind, options = "dropout", {"keep_probability": 0.4}

    def __init__(self, way, scaled=True):
        self.way, self.scaled, self.rng = way, scaled, np.random.default_rng(0)

    def forward(self, inputs):
        return inputs["x"]

    def answer(self, inputs, dy, *, calls=1):
        found = []
        for _ in range(calls):
            m = self.rng.random(dy.shape) < 0.4
            scale = 1 / 0.4 if self.scaled else 1.0
            dx = {"no mask": dy, "no scale": dy * m, "p": dy * m * 0.4}.get(self.way, dy * m * scale)
            if self.way == "new":
                dx = dy * (self.rng.random(dy.shape) < 0.4) * scale
            found.append(LayerAnswer(inputs["x"] * m * scale, {"x": dx}))
        return found


def sig(x):
    return 1 / (1 + np.exp(-x))


ONE_INPUT = {
    "relu": (lambda x: np.maximum(x, 0), lambda x, y, dy: dy * (x > 0)),
    "sigmoid": (sig, lambda x, y, dy: dy * y * (1 - y)),
    "tanh": (np.tanh, lambda x, y, dy: dy * (1 - y**2)),
    "softmax": (
        lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True),
        lambda x, y, dy: y * (dy - (dy * y).sum(1, keepdims=True)),
    ),
}


def simple(kind, back=None):
    forward, right = ONE_INPUT[kind]
    chosen = back or right
    return Pair(kind, lambda i: forward(i["x"]), lambda i, dy, y: {"x": chosen(i["x"], y, dy)})


def dense(change=None):
    def back(i, dy, y):
        right = {"x": dy @ i["W"].T, "W": i["x"].T @ dy, "b": dy.sum(0)}
        return {**right, **(change(i, dy) if change else {})}

    return Pair("dense", lambda i: i["x"] @ i["W"] + i["b"], back)


MISTAKES = [
    (conv_pair(flip=True), "conv_dw_flipped", "W"),
    (conv_pair(turned=False), "conv_dx_not_turned", "x"),
    (conv_pair(add=False), "conv_overlaps_overwritten", "x"),
    (conv_pair(channel=0), "first_channel_only", "W"),
    (conv_pair(image=0), "first_image_only", "x"),
    (conv_pair(bias="mean"), "conv_bias_averaged", "b"),
    (pool_pair("all"), "pool_all_ties", "x"),
    (pool_pair("average"), "pool_as_average", "x"),
    (pool_pair("return"), "one_place_only", "x"),
    (norm_pair("constant"), "bn_statistics_constant", "x"),
    (norm_pair("mean"), "bn_only_mean", "x"),
    (norm_pair("variance"), "bn_only_variance", "x"),
    (norm_pair("square"), "bn_divided_by_variance", "x"),
    (norm_pair("gamma"), "bn_gamma_missing", "x"),
    (Dropout("no mask"), "dropout_no_mask", "x"),
    (Dropout("no scale"), "dropout_no_scale", "x"),
    (Dropout("p"), "dropout_p_for_inverse", "x"),
    (Dropout("new"), "dropout_new_mask", "x"),
    (simple("relu", lambda x, y, dy: dy), "slope_missing", "x"),
    (simple("relu", lambda x, y, dy: dy * (dy > 0)), "mask_from_gradient", "x"),
    (simple("relu", lambda x, y, dy: (x > 0) * 1.0), "upstream_left_out", "x"),
    (simple("relu", lambda x, y, dy: dy * y), "activation_as_slope", "x"),
    (simple("sigmoid", lambda x, y, dy: dy * sig(y) * (1 - sig(y))), "slope_of_output_value", "x"),
    (simple("sigmoid", lambda x, y, dy: dy * x * (1 - x)), "slope_formula_on_z", "x"),
    (simple("tanh", lambda x, y, dy: dy * (1 - y)), "half_of_slope", "x"),
    (simple("softmax", lambda x, y, dy: dy * y * (1 - y)), "jacobian_diagonal", "x"),
    (dense(lambda i, dy: {"W": (dy.T @ i["x"]).reshape(i["W"].shape)}), "dw_reshaped", "W"),
    (dense(lambda i, dy: {"b": np.full(dy.shape[1], dy.sum())}), "bias_total", "b"),
    (dense(lambda i, dy: {"b": dy[0]}), "bias_last_sample", "b"),
    (dense(lambda i, dy: {"W": i["x"].T @ dy / len(dy)}), "layer_averages", "W"),
    (dense(lambda i, dy: {"x": -dy @ i["W"].T}), "layer_sign", "x"),
    (dense(lambda i, dy: {"b": dy}), "wrong_shape", "b"),
]


@pytest.mark.parametrize(("pair", "key", "tensor"), MISTAKES, ids=[f"{m[0].kind}-{m[1]}" for m in MISTAKES])
def test_a_layers_mistake_is_named_first(pair, key, tensor) -> None:
    diagnosis = diagnose_layer(pair)
    assert (diagnosis.findings[0].explanation, diagnosis.findings[0].tensor) == (key, tensor)
    assert diagnosis.verdict == "mistake"


@pytest.mark.parametrize(
    "pair",
    [conv_pair(), pool_pair("first"), pool_pair("last"), norm_pair("right"), Dropout("right"), dense()]
    + [simple(kind) for kind in ONE_INPUT],
)
def test_a_right_layer_is_not_accused(pair) -> None:
    diagnosis = diagnose_layer(pair)
    assert (diagnosis.verdict, diagnosis.findings) == ("right", ())


def test_sharing_among_ties_is_a_convention() -> None:
    diagnosis = diagnose_layer(pool_pair("shared"))
    assert diagnosis.verdict == "right"
    assert [(f.explanation, f.verdict) for f in diagnosis.findings] == [("pool_ties_shared", "convention")]


def test_dropout_without_scaling_is_judged_by_its_own_forward_pass() -> None:
    diagnosis = diagnose_layer(Dropout("right", scaled=False))
    assert [(f.explanation, f.verdict) for f in diagnosis.findings] == [("dropout_not_scaled", "convention")]


def test_a_true_convolution_is_judged_by_its_own_slopes() -> None:
    def forward(i):
        return conv(i["x"], i["W"][:, :, ::-1, ::-1], i["b"])

    def backward(i, dy, y):
        made = conv_back({**i, "W": i["W"][:, :, ::-1, ::-1]}, dy)
        return {**made, "W": made["W"][:, :, ::-1, ::-1]}

    diagnosis = diagnose_layer(Pair("conv", forward, backward, kernel=3))
    assert diagnosis.verdict == "right"
    assert [f.explanation for f in diagnosis.findings] == ["convolution_proper"]


def test_an_argument_changed_in_place_is_seen() -> None:
    def backward(i, dy, y):
        dy[i["x"] <= 0] = 0
        return {"x": dy}

    diagnosis = diagnose_layer(Pair("relu", lambda i: np.maximum(i["x"], 0), backward))
    assert [f.explanation for f in diagnosis.findings] == ["argument_changed"]


def test_gradients_that_add_up_over_calls_are_seen() -> None:
    kept = {}

    class Layer(Pair):
        def answer(self, inputs, dy, *, calls=1):
            kept.clear()
            return super().answer(inputs, dy, calls=calls)

    def backward(i, dy, y):
        kept["W"] = kept.get("W", 0) + i["x"].T @ dy
        return {"x": dy @ i["W"].T, "W": kept["W"].copy(), "b": dy.sum(0)}

    diagnosis = diagnose_layer(Layer("dense", lambda i: i["x"] @ i["W"] + i["b"], backward))
    assert [f.explanation for f in diagnosis.findings] == ["never_cleared"]
