#!/usr/bin/env python3
import argparse
import time
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser(description='MLP for MNIST')
parser.add_argument('--hidden', type=int, default=128)
parser.add_argument('--lr', type=float, default=0.1)
parser.add_argument('--momentum', type=float, default=0.9)
parser.add_argument('--data', type=Path, default=Path('mnist.npz'))
args = parser.parse_args()

DTYPE = np.float32


class Linear:
    def __init__(self, fan_in, fan_out):
        self.w = (np.random.randn(fan_out, fan_in) / np.sqrt(fan_in)).astype(DTYPE)
        self.b = np.zeros(fan_out, DTYPE)
        self.vw = np.zeros_like(self.w)
        self.vb = np.zeros_like(self.b)

    def __call__(self, x):
        self.x = x
        return x @ self.w.T + self.b

    def backward(self, g):
        self.gw = g.T @ self.x
        self.gb = g.sum(0)
        return g @ self.w

    def update(self, lr, momentum):
        self.vw = momentum * self.vw - lr * self.gw
        self.vb = momentum * self.vb - lr * self.gb
        self.w = self.w + self.vw
        self.b = self.b + self.vb


class Sigmoid:
    def __call__(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, g):
        return g * self.y * (1 - self.y)


class MLP:
    def __init__(self, n_in=784, n_hidden=128, n_out=10):
        self.fc1 = Linear(n_in, n_hidden)
        self.act = Sigmoid()
        self.fc2 = Linear(n_hidden, n_out)

    def __call__(self, x):
        return self.fc2(self.act(self.fc1(x)))

    def backward(self, g):
        g = self.fc2.backward(g)
        g = self.act.backward(g)
        self.fc1.backward(g)

    def update(self, lr, momentum):
        self.fc1.update(lr, momentum)
        self.fc2.update(lr, momentum)


def cross_entropy(logits, y):
    n = len(y)
    logits = logits - logits.max(1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    grad = np.exp(logp)
    grad[np.arange(n), y] -= 1
    return -logp[np.arange(n), y].mean(), grad / n


data = np.load(args.data)
x_train, y_train = data['x_train'].reshape(-1, 784).astype(DTYPE) / 255, data['y_train']
net = MLP(784, args.hidden, 10)
start = time.time()
for epoch in range(5):
    perm = np.random.permutation(len(x_train))
    for k in range(0, len(perm), 64):
        idx = perm[k:k + 64]
        loss, grad = cross_entropy(net(x_train[idx]), y_train[idx])
        net.backward(grad)
        net.update(args.lr, args.momentum)
    print(f'epoch {epoch} loss {loss:.4f} {time.time() - start:.0f} s')
