# MNIST classifier, pure numpy. usage: python mnist_script_with_everything.py
import gzip
import pickle

import numpy as np

LR = 0.05
BATCH = 100
EPOCHS = 20
LAMBDA = 1e-4


def load_mnist(path="mnist.pkl.gz"):
    with gzip.open(path, "rb") as f:
        train, val, test = pickle.load(f, encoding="latin1")
    return train, val, test


def normalize(images):
    return images.astype(np.float64) / 255.0


def one_hot(labels, k=10):
    return np.eye(k)[labels]


def init_params(sizes=(784, 128, 10)):
    params = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        params.append([np.random.randn(n_in, n_out) * np.sqrt(1.0 / n_in), np.zeros(n_out)])
    return params


def softmax(z):
    z = z - np.max(z, axis=1, keepdims=True)
    e = np.exp(z)
    return e / np.sum(e, axis=1, keepdims=True)


def forward(params, x):
    (W1, b1), (W2, b2) = params
    h = np.tanh(x @ W1 + b1)
    return h, softmax(h @ W2 + b2)


def cross_entropy(p, t, params):
    data = -np.sum(t * np.log(p + 1e-12)) / t.shape[0]
    reg = 0.5 * LAMBDA * sum(np.sum(W**2) for W, _ in params)
    return data + reg


def gradients(params, x, t):
    h, p = forward(params, x)
    (W1, _), (W2, _) = params
    d2 = (p - t) / x.shape[0]
    d1 = (d2 @ W2.T) * (1 - h * h)
    return [[x.T @ d1 + LAMBDA * W1, d1.sum(0)], [h.T @ d2 + LAMBDA * W2, d2.sum(0)]]


def update(params, grads, velocity, lr, mu=0.9):
    for layer in range(len(params)):
        for j in range(2):
            velocity[layer][j] = mu * velocity[layer][j] + grads[layer][j]
            params[layer][j] -= lr * velocity[layer][j]
    return params, velocity


def accuracy(params, x, labels):
    _, p = forward(params, x)
    return np.mean(np.argmax(p, axis=1) == labels)


def iterate_minibatches(x, t, size):
    order = np.random.permutation(len(x))
    for i in range(0, len(x), size):
        sel = order[i : i + size]
        yield x[sel], t[sel]


def main():
    (xtr, ytr), (xva, yva), (xte, yte) = load_mnist()
    params = init_params()
    velocity = [[np.zeros_like(W), np.zeros_like(b)] for W, b in params]
    lr = LR
    for epoch in range(EPOCHS):
        for xb, tb in iterate_minibatches(xtr, one_hot(ytr), BATCH):
            grads = gradients(params, xb, tb)
            params, velocity = update(params, grads, velocity, lr)
        lr *= 0.95
        print(epoch, accuracy(params, xva, yva))
    print("test:", accuracy(params, xte, yte))


if __name__ == "__main__":
    main()
