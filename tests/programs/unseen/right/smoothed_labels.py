import numpy as np

SMOOTHING = 0.1


def smooth(onehot, eps=SMOOTHING):
    return onehot * (1 - eps) + eps / onehot.shape[1]


def forward(weights, x):
    w1, b1, w2, b2 = weights
    h = np.maximum(x @ w1 + b1, 0)
    logits = h @ w2 + b2
    logits -= logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return h, log_probs


def loss(weights, x, onehot):
    _, log_probs = forward(weights, x)
    return -np.mean(np.sum(smooth(onehot) * log_probs, axis=1))


def gradients(weights, x, onehot):
    w1, b1, w2, b2 = weights
    h, log_probs = forward(weights, x)
    delta = (np.exp(log_probs) - smooth(onehot)) / len(x)
    dw2 = h.T @ delta
    db2 = delta.sum(axis=0)
    delta = delta @ w2.T
    delta[h == 0] = 0
    dw1 = x.T @ delta
    db1 = delta.sum(axis=0)
    return [dw1, db1, dw2, db2]


def sgd(weights, grads, lr):
    return [w - lr * g for w, g in zip(weights, grads)]
