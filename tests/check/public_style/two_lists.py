import numpy as np
def sigmoid(z, deriv=False):
    if deriv: return z*(1-z)
    return 1/(1+np.exp(-z))
def initialize_weights(dims):
    weights = []
    biases = []
    for i in range(len(dims)-1):
        weights.append(np.random.randn(dims[i+1], dims[i]))
        biases.append(np.random.randn(dims[i+1], 1))
    return weights, biases
def forward(x, weights, biases):
    activations = [x]
    for w, b in zip(weights, biases):
        x = sigmoid(w.dot(x) + b)
        activations.append(x)
    return activations
def backward(activations, y, weights):
    n = y.shape[1]
    grads_w, grads_b = [], []
    delta = (activations[-1] - y) * sigmoid(activations[-1], True)
    for i in range(len(weights)-1, -1, -1):
        grads_w.append(delta.dot(activations[i].T) / n)
        grads_b.append(delta.sum(axis=1, keepdims=True) / n)
        delta = weights[i].T.dot(delta) * sigmoid(activations[i], True)
    return grads_w[::-1], grads_b[::-1]
