"""A NumPy net with one switch for each mistake of the catalogue: what a student's program does, in memory.

Written apart from the diagnosis: nothing here is shared with it but the subject's interface.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from handgrad.check.subject import Answer, NetSpec


def sig(z):
    return 1 / (1 + np.exp(-z))


def soft(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


F = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "sigmoid": sig,
    "tanh": np.tanh,
    "identity": lambda z: z,
    "softmax": soft,
}
DF = {
    "relu": lambda z: (z > 0) * 1.0,
    "leaky_relu": lambda z: np.where(z > 0, 1.0, 0.01),
    "sigmoid": lambda z: sig(z) * (1 - sig(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "identity": lambda z: np.ones_like(z),
}


@dataclass
class PlantedNet:
    """`plants`: names of mistakes; "slope_missing@1" plants it in layer 1 only."""

    spec: NetSpec
    plants: tuple[str, ...] = ()
    form: str = "returned"
    dtype: type = np.float64
    has_loss: bool = True
    has_outputs: bool = True
    biases: bool = True
    seed: int = 0
    update_adds: bool = False
    kept: dict = field(default_factory=dict)
    rng: object = None

    def has(self, name, layer=None):
        return name in self.plants or (layer is not None and f"{name}@{layer}" in self.plants)

    def line_of(self, tensor):
        return None

    @property
    def text(self):
        """A program's text, where the mistake can only be told from another by it."""
        overwritten = any(name.startswith("cache_overwritten") for name in self.plants)
        return "h = np.maximum(z, 0, out=z)\nd = d * (z >= 0)" if overwritten else ""

    # forward --------------------------------------------------------------------------------------
    def out(self, z):
        if self.has("softmax_axis_0"):
            return soft(z, axis=0)
        if self.has("softmax_whole_array"):
            e = np.exp(z - z.max())
            return e / e.sum()
        if self.has("softmax_shifted_by_class"):
            e = np.exp(z - z.max(axis=0))
            return e / e.sum(axis=1, keepdims=True)
        if self.has("softmax_of_minus"):
            return soft(-z)
        last = self.spec.activations[-1]
        if last == "softmax" or (self.spec.loss == "softmax_cross_entropy" and last == "identity"):
            if self.has("exp_overflow"):
                e = np.exp(z)
                return e / e.sum(axis=1, keepdims=True)
            return soft(z)
        return F[last](z)

    def run(self, p, x):
        x = x.astype(self.dtype)
        hs, zs = [x], []
        L = len(self.spec.activations)
        for l in range(1, L + 1):
            z = hs[-1] @ p[f"W{l}"].astype(self.dtype)
            if self.biases and not self.has("bias_not_used", l):
                z = z + (-1 if self.has("bias_subtracted", l) else 1) * p[f"b{l}"].astype(self.dtype)
            zs.append(z)
            hs.append(self.out(z) if l == L else F[self.spec.activations[l - 1]](z))
        return hs, zs

    def data_loss(self, y, t):
        s = self.spec
        if self.has("absolute_loss"):
            v = np.abs(y - t).sum()
        elif s.loss == "squared_error":
            v = ((y - t) ** 2).sum()
        elif s.loss == "binary_cross_entropy":
            v = -(t * np.log(y) + (1 - t) * np.log(1 - y)).sum()
        else:
            q = soft(y) if self.has("softmax_twice") else y
            v = -(t * np.log(q + (1e-8 if self.has("log_epsilon") else 0))).sum()
        return v * s.factor / {"none": 1, "N": len(t), "N*P": t.size}[s.divided_by]

    def loss_at(self, parameters, x, t):
        if not self.has_loss:
            return None
        hs, _ = self.run(parameters, x)
        s = self.spec
        v = self.data_loss(hs[-1], t.astype(self.dtype))
        names = [n for n in parameters if n[0] == "W" or s.penalizes_biases]
        return float(
            v + sum(s.l1 * np.abs(parameters[n]).sum() + 0.5 * s.l2 * (parameters[n] ** 2).sum() for n in names)
        )

    # backward -------------------------------------------------------------------------------------
    def top_delta(self, hs, zs, t):
        s, y, z = self.spec, hs[-1], zs[-1]
        N, P = t.shape
        k = s.factor / {"none": 1, "N": N, "N*P": t.size}[s.divided_by]
        softmaxed = s.activations[-1] == "softmax" or s.loss == "softmax_cross_entropy"
        dy = 2 * (y - t) if s.loss == "squared_error" else -t / y
        if self.has("absolute_loss") and not self.has("squared_delta"):
            dy = np.sign(y - t)
        if s.loss == "binary_cross_entropy":
            dy = (y - t) / (y * (1 - y))
        right = y * (dy - (dy * y).sum(axis=1, keepdims=True)) if softmaxed else dy * DF[s.activations[-1]](z)
        d = right
        table = {
            "jacobian_left_out": lambda: dy,
            "jacobian_diagonal": lambda: dy * y * (1 - y),
            "two_class_and_diagonal": lambda: (y - t) / (y * (1 - y)) * y * (1 - y),
            "two_class_loss": lambda: y * ((y - t) / (y * (1 - y)) - ((y - t) / (1 - y)).sum(axis=1, keepdims=True)),
            "sigmoid_slope_after_delta": lambda: (y - t) * y * (1 - y),
            "cross_entropy_delta": lambda: y - t,
            "squared_error_delta": lambda: y * ((y - t) - ((y - t) * y).sum(axis=1, keepdims=True)),
            "softmax_twice_backward": lambda: soft(y) - t,
            "hidden_slope_at_output": lambda: right * (z > 0),
            "output_slope_missing": lambda: dy,
            "targets_missing": lambda: y,
            "predictions_missing": lambda: -t,
            "labels_off_by_one": lambda: y - np.roll(t, 1, axis=1),
            "logits_for_probabilities": lambda: z - t,
            "slope_of_output_value_top": lambda: dy * DF[s.activations[-1]](y),
            "error_squared": lambda: (y - t) ** 2,
            "second_class_missing": lambda: -t * (1 - y),
            "averaged_delta": lambda: np.repeat(right.mean(axis=0, keepdims=True), N, axis=0),
            "only_true_class": lambda: right * t,
            "p_minus_two_t": lambda: y - 2 * t,
            "p_squared_minus_t": lambda: y**2 - t,
        }
        for name, make in table.items():
            if self.has(name):
                d = make()
        d = d * k
        for name, f in {
            "sign": -1, "one_over_n_missing": N, "one_over_n_twice": 1 / N, "factor_two": 2, "factor_half": 0.5,
            "mean_over_everything": 1 / P, "learning_rate_inside": self.eta, "divided_by_constant": N / 60,
            "divided_by_inputs": N / hs[0].shape[1],
            "factor_constant": 0.37,
        }.items():  # fmt: skip
            if self.has(name):
                d = d * f
        if self.has("last_sample_only"):
            d = d * (np.arange(N) == N - 1)[:, None]
        return d

    def back(self, p, l, d, zs, hs, grads):
        """δ of layer l from δ of layer l + 1."""
        W = p[f"W{l + 1}"]
        kind = self.spec.activations[l - 1]
        if self.has("stale_weights"):
            W = W - self.eta * grads[f"W{l + 1}"]
        u = d @ W.T
        if self.has("weights_not_transposed", l):
            u = d @ W
        if self.has("weights_reshaped", l):
            u = d @ W.reshape(W.shape[::-1])
        if self.has("gradient_for_weights", l):
            u = d @ grads[f"W{l + 1}"].T
        if self.has("bias_row", l):
            u = d @ np.vstack([p[f"b{l + 1}"], W[:-1]]).T
        z, a = zs[l - 1], hs[l]
        s = DF[kind](z)
        table = {
            "slope_missing": lambda: 1.0,
            "cache_overwritten": lambda: 1.0,
            "mask_inverted": lambda: 1 - s,
            "mask_from_gradient": lambda: (u > 0) * 1.0,
            "activation_as_slope": lambda: a,
            "z_as_slope": lambda: z,
            "slope_of_output_value": lambda: DF[kind](a),
            "slope_formula_on_z": lambda: z * (1 - z) if kind == "sigmoid" else 1 - z**2,
            "sigmoid_slope": lambda: sig(z) * (1 - sig(z)),
            "tanh_slope": lambda: 1 - np.tanh(z) ** 2,
            "relu_slope": lambda: (z > 0) * 1.0,
            "leaky_slope": lambda: np.where(z > 0, 1, 0.01),
            "slope_twice": lambda: s * s,
            "half_of_slope": lambda: 1 - a,
            "mask_of_other_layer": lambda: DF[kind](zs[l] if zs[l].shape == z.shape else zs[l - 2]),
            "slope_cubic": lambda: 1 - a**3,
            "slope_mixture": lambda: 0.5 * s + 0.5,
        }
        for name, make in table.items():
            if self.has(name, l):
                s = make()
        d = u + s if self.has("slope_added", l) else u * s
        if self.has("one_over_n_every_layer"):
            d = d / len(d)
        if self.has("handover_sign", l):
            d = -d
        return d, u

    def dW(self, p, l, h, d, zs, hs, u):
        L = len(self.spec.activations)
        g = h.T @ d
        table = {
            "dw_transposed": lambda: (d.T @ h) if h.shape[1] == d.shape[1] else g,
            "dw_reshaped": lambda: (d.T @ h).reshape(g.shape),
            "input_before_activation": lambda: zs[l - 2].T @ d if l > 1 else g,
            "input_of_other_layer": lambda: hs[0].T @ d if hs[0].shape == h.shape else g,
            "layer_skipped": lambda: g * 0,
            "first_sample_only_w": lambda: h[:1].T @ d[:1],
            "last_sample_only_w": lambda: h[-1:].T @ d[-1:],
            "slope_missing_in_weights": lambda: h.T @ u if u is not None else g,
            "means_multiplied": lambda: np.outer(h.mean(0), d.sum(0)),
            "weights_times_n": lambda: g * len(h),
            "clipped": lambda: np.clip(g, -0.01, 0.01),
            "norm_one": lambda: g / np.linalg.norm(g),
            "whole_numbers": lambda: np.trunc(g),
            "input_squared": lambda: (h**2).T @ d,
            "bias_added": lambda: g + p[f"b{l}"],
            "constant_added": lambda: g + 0.3,
            "update_assigned": lambda: g + p[f"W{l}"] / self.eta,
            "samples_mixed": lambda: np.roll(h, 1, axis=0).T @ d,
            "units_summed": lambda: h.T @ np.repeat(d.sum(axis=1, keepdims=True), d.shape[1], axis=1),
            "product_odd": lambda: hs[0].T @ d if l == L and hs[0].shape == h.shape else (h * 1.0)[:, ::-1].T @ d,
        }
        for name, make in table.items():
            if self.has(name, l):
                g = make()
        s = self.spec
        W = p[f"W{l}"]
        pen = s.l1 * np.sign(W) + s.l2 * W
        if self.has("penalty_missing", l):
            pen = 0
        if self.has("penalty_twice", l):
            pen = 2 * pen
        if self.has("penalty_sign", l):
            pen = -pen
        if self.has("penalty_over_n", l):
            pen = pen / len(h)
        if self.has("penalty_not_in_loss", l):
            pen = 0.02 * W
        if self.has("penalty_itself", l):
            pen = 0.04 * np.abs(W)
        if self.has("l1_without_sign", l):
            pen = s.l1 * W
        return g + pen

    def db(self, p, l, h, d, zs, hs, u):
        g = d.sum(axis=0)
        table = {
            "bias_total": lambda: np.full_like(g, d.sum()),
            "bias_mean": lambda: d.mean(axis=0),
            "bias_sum": lambda: d.sum(axis=0) * len(d),
            "bias_first": lambda: d[0],
            "bias_last": lambda: d[-1],
            "bias_zero": lambda: g * 0,
            "layer_skipped": lambda: g * 0,
            "bias_slope_missing": lambda: u.sum(axis=0) if u is not None else g,
            "bias_from_weights": lambda: (h.T @ d).sum(axis=0),
            "bias_added_to_itself": lambda: g + p[f"b{l}"],
            "whole_numbers": lambda: np.trunc(g),
            "clipped": lambda: np.clip(g, -0.01, 0.01),
        }
        for name, make in table.items():
            if self.has(name, l):
                g = make()
        s = self.spec
        if (s.penalizes_biases and not self.has("penalty_missing")) or self.has("l2_on_biases", l):
            g = g + s.l1 * np.sign(p[f"b{l}"]) + s.l2 * p[f"b{l}"]
        return g

    def gradients(self, p, x, t):
        p = {k: v.astype(self.dtype) for k, v in p.items()}
        t = t.astype(self.dtype)
        hs, zs = self.run(p, x)
        L = len(self.spec.activations)
        d, u, grads = self.top_delta(hs, zs, t), None, {}
        if self.has("dropout_mask"):
            d = d * (self.rng.random(d.shape) < 0.5)
        for l in range(L, 0, -1):
            if l < L:
                d, u = self.back(p, l, d, zs, hs, grads)
            grads[f"W{l}"] = self.dW(p, l, hs[l - 1], d, zs, hs, u)
            if self.biases:
                grads[f"b{l}"] = self.db(p, l, hs[l - 1], d, zs, hs, u)
        if self.has("missing_bias_gradients"):
            grads = {k: v for k, v in grads.items() if k[0] == "W"}
        return {k: np.asarray(v, self.dtype).astype(float) for k, v in grads.items()}, hs

    def answer(self, parameters, x, t, *, learning_rate=1e-3, calls=1):
        self.eta, self.kept = learning_rate, {}
        if self.rng is None:
            self.rng = np.random.default_rng(self.seed)
        answers, p = [], {k: v.copy() for k, v in parameters.items()}
        for _ in range(calls):
            grads, hs = self.gradients(p, x, t)
            if self.has("never_cleared"):
                self.kept = {k: self.kept.get(k, 0) + v for k, v in grads.items()}
                grads = dict(self.kept)
            if self.form == "updates inside":
                p = {k: p[k] - learning_rate * grads.get(k, 0) for k in p}
            changed = ("t",) if self.has("argument_changed") else ()
            out = hs[-1].astype(float) if self.has_outputs else None
            loss = self.loss_at(p, x, t)
            shapes = {}
            if self.has("bias_not_summed"):
                shapes = {"b1": (len(x), p["b1"].size)}
            if self.has("bias_becomes_matrix"):
                shapes = {"b1": (p["b1"].size, 1)}
            answers.append(Answer(grads, loss, out, shapes, changed))
        return answers
