import numpy as np
class SGD:
    def __init__(self, lr=0.1, weight_decay=0.01):
        self.lr, self.weight_decay = lr, weight_decay
    def step(self, params, grads):
        for k in params:
            g = grads[k]
            if k.startswith('W'):
                g = g + self.weight_decay * params[k]
            params[k] = params[k] - self.lr * g
class AdamW:
    def __init__(self, lr=0.001, weight_decay=0.01):
        self.lr, self.wd = lr, weight_decay
        self.m, self.v, self.t = {}, {}, 0
    def step(self, params, grads):
        self.t += 1
        for k in params:
            g = np.clip(grads[k], -1.0, 1.0)
            self.m[k] = 0.9 * self.m.get(k, 0) + 0.1 * g
            self.v[k] = 0.999 * self.v.get(k, 0) + 0.001 * g * g
            params[k] -= self.lr * self.m[k] / (1 - 0.9 ** self.t) / (np.sqrt(self.v[k] / (1 - 0.999 ** self.t)) + 1e-8)
            params[k] -= self.lr * self.wd * params[k]
def adam(w, dw, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t += 1
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw ** 2
    mh = m / (1 - beta1 ** t)
    vh = v / (1 - beta2 ** t)
    return w - lr * mh / (np.sqrt(vh) + eps), m, v, t
def update_weights(weights, deltas, lr):
    return [w + lr * d for w, d in zip(weights, deltas)]
def clip_and_step_sgd(params, grads, lr=0.1, max_norm=1.0):
    total = np.sqrt(sum(np.sum(g ** 2) for g in grads))
    scale = min(1.0, max_norm / (total + 1e-6))
    return [p - lr * scale * g for p, g in zip(params, grads)]
