from numpy import *

# star import like in the lecture's matlab-ish script

def sigm(z):
    return 1. / (1. + exp(-z))

def cost_and_grad(W1, b1, W2, b2, data, labels, lam):
    """data: (n, m) columns, labels one hot (k, m)"""
    m = data.shape[1]
    a2 = sigm(dot(W1, data) + b1.reshape(-1, 1))
    z3 = dot(W2, a2) + b2.reshape(-1, 1)
    z3 = z3 - z3.max(axis=0)
    prob = exp(z3)
    prob = prob / prob.sum(axis=0)
    cost = -sum(labels * log(prob)) / m + lam / 2. * (sum(W1 ** 2) + sum(W2 ** 2))
    d3 = -(labels - prob)
    d2 = dot(W2.T, d3) * a2 * (1 - a2)
    W2grad = dot(d3, a2.T) / m
    W1grad = dot(d2, data.T) / m
    b2grad = sum(d3, axis=1) / m
    b1grad = sum(d2, axis=1) / m
    return cost, W1grad, b1grad, W2grad, b2grad
