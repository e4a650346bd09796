import numpy as np
from collections import Counter

corpus = "the quick brown fox jumps over the lazy dog".split()
vocab = sorted(set(corpus))
word_to_id = {w: i for i, w in enumerate(vocab)}


class CBOW:
    """mean of the context's embeddings -> linear -> softmax over the vocabulary"""

    def __init__(self, vocab_size, dim):
        self.E = np.random.randn(vocab_size, dim) * 0.1
        self.W = np.random.randn(dim, vocab_size) * 0.1
        self.b = np.zeros(vocab_size)

    def forward(self, context):
        # context: (N, C) word numbers
        self.context = context
        self.h = self.E[context].mean(axis=1)
        scores = self.h @ self.W + self.b
        scores = scores - scores.max(axis=1, keepdims=True)
        self.p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        return self.p

    def loss(self, context, target):
        p = self.forward(context)
        return -np.mean(np.log(p[np.arange(len(target)), target]))

    def backward(self, target):
        n, c = self.context.shape
        d = self.p.copy()
        d[np.arange(n), target] -= 1
        d /= n
        dW = self.h.T @ d
        db = d.sum(axis=0)
        dh = d @ self.W.T
        dE = np.zeros_like(self.E)
        np.add.at(dE, self.context, np.repeat(dh[:, None, :] / c, c, axis=1))
        return {"E": dE, "W": dW, "b": db}

    def step(self, context, target, lr=0.5):
        self.forward(context)
        grads = self.backward(target)
        self.E -= lr * grads["E"]
        self.W -= lr * grads["W"]
        self.b -= lr * grads["b"]
