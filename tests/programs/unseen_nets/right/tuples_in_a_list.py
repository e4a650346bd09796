"""Spoken in JAX, written in NumPy: params is a list of (w, b), everything is a function."""
import itertools

import numpy as np
import numpy.random as npr


def init_random_params(scale, layer_sizes, rng=npr.RandomState(0)):
    return [(scale * rng.randn(m, n), scale * rng.randn(n)) for m, n in zip(layer_sizes[:-1], layer_sizes[1:])]


def logsumexp(x):
    top = x.max(axis=1, keepdims=True)
    return top + np.log(np.exp(x - top).sum(axis=1, keepdims=True))


def predict(params, inputs):
    activations = inputs
    for w, b in params[:-1]:
        outputs = np.dot(activations, w) + b
        activations = np.tanh(outputs)
    final_w, final_b = params[-1]
    logits = np.dot(activations, final_w) + final_b
    return logits - logsumexp(logits)


def loss(params, batch):
    inputs, targets = batch
    preds = predict(params, inputs)
    return -np.mean(np.sum(preds * targets, axis=1))


def accuracy(params, batch):
    inputs, targets = batch
    return np.mean(np.argmax(predict(params, inputs), axis=1) == np.argmax(targets, axis=1))


def grad_loss(params, batch):
    inputs, targets = batch
    hiddens = [inputs]
    for w, b in params[:-1]:
        hiddens.append(np.tanh(np.dot(hiddens[-1], w) + b))
    w, b = params[-1]
    logits = np.dot(hiddens[-1], w) + b
    g = (np.exp(logits - logsumexp(logits)) - targets) / len(inputs)
    grads = []
    for (w, b), h in zip(reversed(params), reversed(hiddens)):
        grads.append((h.T @ g, g.sum(axis=0)))
        g = (g @ w.T) * (1 - h**2)
    return grads[::-1]


def update(params, batch, step_size=0.001):
    grads = grad_loss(params, batch)
    return [(w - step_size * dw, b - step_size * db) for (w, b), (dw, db) in zip(params, grads)]


if __name__ == "__main__":
    rng = npr.RandomState(1)
    images = rng.randn(512, 20)
    labels = np.eye(4)[rng.randint(4, size=512)]
    params = init_random_params(0.1, [20, 30, 16, 4])
    batches = itertools.cycle(np.split(np.arange(512), 8))
    for step in range(200):
        which = next(batches)
        params = update(params, (images[which], labels[which]), 0.5)
    print(loss(params, (images, labels)), accuracy(params, (images, labels)))
