import numpy as np
def gradient_descent(w, b, dw, db, lr=0.01):
    w = w - lr * dw
    b = b - lr * db
    return w, b
def update_weights(weights, gradients, learning_rate=0.1, l2_lambda=0.0):
    return [w - learning_rate * (g + l2_lambda * w) for w, g in zip(weights, gradients)]
def apply_gradients(params, grads, lr):
    new_params = {}
    for k, v in params.items():
        new_params[k] = v - lr * grads[k]
    return new_params
def nag(w, dw, v_prev, lr=0.01, mu=0.9):
    v = mu * v_prev - lr * dw
    w = w - mu * v_prev + (1 + mu) * v
    return w, v
