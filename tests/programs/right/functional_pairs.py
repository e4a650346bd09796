# functional style, params = [(W, b), (W, b), ...]
import numpy as np

def init(rng, sizes):
    return [(rng.standard_normal((i, o)) / np.sqrt(i), np.zeros(o)) for i, o in zip(sizes, sizes[1:])]

def logsumexp(z):
    m = z.max(axis=1, keepdims=True)
    return m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))

def predict(params, x):
    for W, b in params[:-1]:
        x = np.tanh(x @ W + b)
    W, b = params[-1]
    logits = x @ W + b
    return logits - logsumexp(logits)

def loss_and_grads(params, x, y):
    """y: one hot. returns mean cross entropy and a list [(dW, db), ...]"""
    acts = [x]
    for W, b in params[:-1]:
        acts.append(np.tanh(acts[-1] @ W + b))
    W, b = params[-1]
    logits = acts[-1] @ W + b
    logp = logits - logsumexp(logits)
    loss = -(y * logp).sum(axis=1).mean()

    grads = []
    delta = (np.exp(logp) - y) / len(x)
    for i in range(len(params) - 1, -1, -1):
        W, b = params[i]
        grads.append((acts[i].T @ delta, delta.sum(0)))
        if i > 0:
            delta = (delta @ W.T) * (1 - acts[i] ** 2)
    return loss, grads[::-1]

def sgd(params, grads, lr):
    return [(W - lr * dW, b - lr * db) for (W, b), (dW, db) in zip(params, grads)]
