# summed gradients; the 1/N is in the update
import numpy as np

def forward(X, params):
    W1, b1, W2, b2 = params
    z1 = X.dot(W1) + b1
    a1 = np.maximum(0, z1)
    z2 = a1.dot(W2) + b2
    e = np.exp(z2 - z2.max(axis=1).reshape(-1, 1))
    yhat = e / e.sum(axis=1).reshape(-1, 1)
    return z1, a1, yhat

def total_loss(yhat, Y):
    # sum over the batch, not the mean!
    return -np.sum(Y * np.log(yhat))

def backprop(X, Y, params):
    W1, b1, W2, b2 = params
    z1, a1, yhat = forward(X, params)
    d2 = yhat - Y
    gW2 = a1.T.dot(d2)
    gb2 = d2.sum(axis=0)
    d1 = d2.dot(W2.T)
    d1[z1 <= 0] = 0
    gW1 = X.T.dot(d1)
    gb1 = d1.sum(axis=0)
    return [gW1, gb1, gW2, gb2]

def update(params, grads, lr, batch_size):
    return [p - lr / batch_size * g for p, g in zip(params, grads)]
