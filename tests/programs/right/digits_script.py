#!/usr/bin/env python
# CS 5783 hw2  --  MNIST from scratch
import gzip
import sys
import numpy as np

def load(fn_img, fn_lab):
    with gzip.open(fn_img) as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(fn_lab) as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    return x / 255.0, y

Xtr, ytr = load("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
Xte, yte = load("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")

HIDDEN = 128
LR = 0.1

W1 = np.random.randn(784, HIDDEN) * 0.01
b1 = np.zeros(HIDDEN)
W2 = np.random.randn(HIDDEN, 10) * 0.01
b2 = np.zeros(10)

def forward(x):
    global W1, b1, W2, b2
    z1 = np.matmul(x, W1) + b1
    h1 = 1 / (1 + np.exp(-z1))
    z2 = np.matmul(h1, W2) + b2
    p = np.exp(z2) / np.sum(np.exp(z2), axis=1, keepdims=True)
    return z1, h1, z2, p

def backward(x, t, h1, p):
    n = x.shape[0]
    dz2 = (p - t) / n
    dW2 = np.matmul(h1.T, dz2)
    db2 = np.sum(dz2, axis=0)
    dh1 = np.matmul(dz2, W2.T)
    dz1 = dh1 * h1 * (1 - h1)
    dW1 = np.matmul(x.T, dz1)
    db1 = np.sum(dz1, axis=0)
    return dW1, db1, dW2, db2

def onehot(y):
    t = np.zeros((y.size, 10))
    t[np.arange(y.size), y] = 1
    return t

for epoch in range(10):
    perm = np.random.permutation(60000)
    for i in range(0, 60000, 50):
        idx = perm[i:i+50]
        x, t = Xtr[idx], onehot(ytr[idx])
        z1, h1, z2, p = forward(x)
        dW1, db1, dW2, db2 = backward(x, t, h1, p)
        W1 -= LR * dW1
        b1 -= LR * db1
        W2 -= LR * dW2
        b2 -= LR * db2
    _, _, _, p = forward(Xte)
    print(epoch, "test acc", np.mean(p.argmax(1) == yte))
sys.exit(0)
