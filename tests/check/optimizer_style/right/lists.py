import numpy as np
def update(weights, biases, dW, db, eta):
    for i in range(len(weights)):
        weights[i] -= eta * dW[i]
        biases[i] -= eta * db[i]
def momentum_update(params, grads, velocities, lr=0.05, mu=0.9):
    for i, (p, g) in enumerate(zip(params, grads)):
        velocities[i] = mu * velocities[i] - lr * g
        params[i] = p + velocities[i]
    return params, velocities
def adam_update(params, grads, m, v, t, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    for i in range(len(params)):
        m[i] = b1 * m[i] + (1 - b1) * grads[i]
        v[i] = b2 * v[i] + (1 - b2) * grads[i] * grads[i]
        mh = m[i] / (1 - b1 ** (t + 1))
        vh = v[i] / (1 - b2 ** (t + 1))
        params[i] -= lr * mh / (np.sqrt(vh) + eps)
