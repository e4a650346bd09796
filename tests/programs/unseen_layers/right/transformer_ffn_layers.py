"""
Building blocks of a Transformer in pure NumPy, with manual backpropagation.

Implements:
    - LayerNorm
    - GELU (tanh approximation)
    - Position-wise feed-forward network
    - Residual connection around the feed-forward network
    - Softmax cross-entropy over the vocabulary

Shapes follow the (batch, sequence, features) convention.
"""
import numpy as np


class Linear:
    """y = x W + b over the last axis."""

    def __init__(self, d_in, d_out, rng):
        self.W = rng.normal(0.0, np.sqrt(2.0 / (d_in + d_out)), size=(d_in, d_out))
        self.b = np.zeros(d_out)
        self.grads = {}

    def forward(self, x):
        self.x = x
        return np.einsum("bsi,io->bso", x, self.W) + self.b

    def backward(self, dout):
        self.grads["W"] = np.einsum("bsi,bso->io", self.x, dout)
        self.grads["b"] = dout.sum(axis=(0, 1))
        return np.einsum("bso,io->bsi", dout, self.W)


class GELU:
    def forward(self, x):
        self.x = x
        self.inner = np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)
        self.t = np.tanh(self.inner)
        return 0.5 * x * (1.0 + self.t)

    def backward(self, dout):
        dinner = np.sqrt(2.0 / np.pi) * (1.0 + 3 * 0.044715 * self.x**2)
        return dout * (0.5 * (1.0 + self.t) + 0.5 * self.x * (1.0 - self.t**2) * dinner)


class LayerNorm:
    def __init__(self, d_model, eps=1e-5):
        self.gamma = np.ones(d_model)
        self.beta = np.zeros(d_model)
        self.eps = eps
        self.grads = {}

    def forward(self, x):
        self.mean = x.mean(axis=-1, keepdims=True)
        self.var = x.var(axis=-1, keepdims=True)
        self.std = np.sqrt(self.var + self.eps)
        self.x_hat = (x - self.mean) / self.std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        self.grads["gamma"] = (dout * self.x_hat).sum(axis=(0, 1))
        self.grads["beta"] = dout.sum(axis=(0, 1))
        d = dout.shape[-1]
        dx_hat = dout * self.gamma
        dx = (
            d * dx_hat
            - dx_hat.sum(axis=-1, keepdims=True)
            - self.x_hat * (dx_hat * self.x_hat).sum(axis=-1, keepdims=True)
        ) / (d * self.std)
        return dx


class FeedForwardBlock:
    """x + W2 GELU(W1 LN(x))"""

    def __init__(self, d_model, d_ff, rng):
        self.norm = LayerNorm(d_model)
        self.fc1 = Linear(d_model, d_ff, rng)
        self.act = GELU()
        self.fc2 = Linear(d_ff, d_model, rng)

    def forward(self, x):
        h = self.norm.forward(x)
        h = self.fc1.forward(h)
        h = self.act.forward(h)
        h = self.fc2.forward(h)
        return x + h

    def backward(self, dout):
        dh = self.fc2.backward(dout)
        dh = self.act.backward(dh)
        dh = self.fc1.backward(dh)
        dh = self.norm.backward(dh)
        return dout + dh


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, targets):
    """Mean negative log likelihood over all tokens, and its gradient."""
    b, s, v = logits.shape
    p = softmax(logits)
    rows = np.arange(b)[:, None]
    cols = np.arange(s)[None, :]
    loss = -np.log(p[rows, cols, targets]).mean()
    dlogits = p.copy()
    dlogits[rows, cols, targets] -= 1
    return loss, dlogits / (b * s)


class TinyModel:
    def __init__(self, vocab, d_model=16, d_ff=32, n_blocks=2, seed=0):
        rng = np.random.default_rng(seed)
        self.blocks = [FeedForwardBlock(d_model, d_ff, rng) for _ in range(n_blocks)]
        self.head = Linear(d_model, vocab, rng)

    def forward(self, x):
        for block in self.blocks:
            x = block.forward(x)
        return self.head.forward(x)

    def backward(self, dlogits):
        dx = self.head.backward(dlogits)
        for block in reversed(self.blocks):
            dx = block.backward(dx)
        return dx

    def layers(self):
        for block in self.blocks:
            yield block.norm
            yield block.fc1
            yield block.fc2
        yield self.head

    def step(self, lr):
        for layer in self.layers():
            for name, g in layer.grads.items():
                setattr(layer, name, getattr(layer, name) - lr * g)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 6, 16))
    targets = rng.integers(0, 11, size=(4, 6))
    model = TinyModel(vocab=11)
    for step in range(200):
        logits = model.forward(x)
        loss, dlogits = cross_entropy(logits, targets)
        model.backward(dlogits)
        model.step(lr=0.5)
        if step % 20 == 0:
            print(step, loss)
