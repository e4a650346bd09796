"""10-601 style homework: one hidden layer, trained by SGD, one example at a time."""
import sys

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def linear(x, w):
    return np.dot(w, x)


def softmax(b):
    e = np.exp(b - np.max(b))
    return e / np.sum(e)


def cross_entropy(y, yhat):
    return -np.log(yhat[y])


def nn_forward(x, y, alpha, beta):
    """x: (M+1,) with x[0] = 1; alpha: (D, M+1); beta: (K, D+1)."""
    a = linear(x, alpha)
    z = np.insert(sigmoid(a), 0, 1)
    b = linear(z, beta)
    yhat = softmax(b)
    J = cross_entropy(y, yhat)
    return x, a, z, b, yhat, J


def nn_backward(x, y, alpha, beta, cache):
    x, a, z, b, yhat, J = cache
    gb = yhat.copy()
    gb[y] -= 1
    g_beta = np.outer(gb, z)
    gz = np.dot(beta[:, 1:].T, gb)
    ga = gz * z[1:] * (1 - z[1:])
    g_alpha = np.outer(ga, x)
    return g_alpha, g_beta


def init_weights(num_features, hidden_units, num_classes, init_flag):
    if init_flag == 1:
        alpha = np.random.uniform(-0.1, 0.1, (hidden_units, num_features + 1))
        beta = np.random.uniform(-0.1, 0.1, (num_classes, hidden_units + 1))
        alpha[:, 0] = 0
        beta[:, 0] = 0
    else:
        alpha = np.zeros((hidden_units, num_features + 1))
        beta = np.zeros((num_classes, hidden_units + 1))
    return alpha, beta


def sgd(train_x, train_y, hidden_units, num_classes, num_epoch, init_flag, learning_rate):
    alpha, beta = init_weights(train_x.shape[1] - 1, hidden_units, num_classes, init_flag)
    for epoch in range(num_epoch):
        for x, y in zip(train_x, train_y):
            cache = nn_forward(x, y, alpha, beta)
            g_alpha, g_beta = nn_backward(x, y, alpha, beta, cache)
            alpha = alpha - learning_rate * g_alpha
            beta = beta - learning_rate * g_beta
        mean = np.mean([nn_forward(x, y, alpha, beta)[-1] for x, y in zip(train_x, train_y)])
        print("epoch=%d crossentropy(train): %.11f" % (epoch + 1, mean))
    return alpha, beta


def predict(x, alpha, beta):
    return int(np.argmax(nn_forward(x, 0, alpha, beta)[4]))


def load(path):
    table = np.genfromtxt(path, delimiter=",", dtype=int)
    labels = table[:, 0]
    table[:, 0] = 1
    return table, labels


if __name__ == "__main__":
    train_in, out_metrics, epochs, units, flag, rate = sys.argv[1:7]
    features, targets = load(train_in)
    sgd(features, targets, int(units), 10, int(epochs), int(flag), float(rate))
