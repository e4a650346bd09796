import numpy as np
from typing import NamedTuple


class Params(NamedTuple):
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray


def init_params(key: int, n_in: int, n_hidden: int, n_out: int) -> Params:
    rng = np.random.default_rng(key)
    return Params(
        w1=rng.standard_normal((n_in, n_hidden)) / np.sqrt(n_in),
        b1=np.zeros(n_hidden),
        w2=rng.standard_normal((n_hidden, n_out)) / np.sqrt(n_hidden),
        b2=np.zeros(n_out),
    )


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def elu(z, alpha=1.0):
    return np.where(z > 0, z, alpha * (np.exp(np.minimum(z, 0)) - 1))


def apply(params: Params, x):
    h = elu(np.einsum("bi,ih->bh", x, params.w1) + params.b1)
    return np.einsum("bh,ho->bo", h, params.w2) + params.b2


def loss_fn(params: Params, x, t):
    return -np.einsum("bo,bo->", t, log_softmax(apply(params, x))) / x.shape[0]


def value_and_grad(params: Params, x, t):
    z = np.einsum("bi,ih->bh", x, params.w1) + params.b1
    h = elu(z)
    logits = np.einsum("bh,ho->bo", h, params.w2) + params.b2
    logp = log_softmax(logits)
    value = -np.einsum("bo,bo->", t, logp) / x.shape[0]
    dlogits = (np.exp(logp) - t) / x.shape[0]
    dh = np.einsum("bo,ho->bh", dlogits, params.w2)
    dz = dh * np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))
    return value, Params(
        w1=np.einsum("bi,bh->ih", x, dz),
        b1=np.einsum("bh->h", dz),
        w2=np.einsum("bh,bo->ho", h, dlogits),
        b2=np.einsum("bo->o", dlogits),
    )
