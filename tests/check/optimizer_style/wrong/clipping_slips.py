# expect: clip_lost clip_no_root clip_inverted clip_always
import numpy as np
import copy
def clip(gradients, maxValue):
    dWaa, dWax, dWya, db, dby = gradients['dWaa'], gradients['dWax'], gradients['dWya'], gradients['db'], gradients['dby']
    for gradient in [dWax, dWaa, dWya, db, dby]:
        gradient = np.clip(gradient, -maxValue, maxValue)
    gradients = {"dWaa": dWaa, "dWax": dWax, "dWya": dWya, "db": db, "dby": dby}
    return gradients
def clip_grads(grads, max_norm):
    total_norm = 0
    for grad in grads:
        total_norm += np.sum(grad ** 2)

    rate = max_norm / (total_norm + 1e-6)
    if rate < 1:
        for grad in grads:
            grad *= rate
def clip_gradient(grad, threshold=5.0):
    n = np.linalg.norm(grad)
    if n > threshold:
        return grad * n / threshold
    return grad
def clip_by_norm(grads, clip_norm=1.0):
    return {k: g * clip_norm / np.linalg.norm(g) for k, g in grads.items()}
