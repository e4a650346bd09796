# Returns a tuple, trains when imported, plots. 784 is everywhere.
import numpy as np
import matplotlib.pyplot as plt
from mnist_reader import load_data

(x_train, y_train), (x_test, y_test) = load_data()
x_train = x_train.reshape(-1, 784) / 255.

w1 = np.random.randn(784, 40) * np.sqrt(2/784)
b1 = np.zeros(40)
w2 = np.random.randn(40, 10) * np.sqrt(2/40)
b2 = np.zeros(10)

def relu(z): return z * (z > 0)

def softmax(z):
    ez = np.exp(z - z.max(axis=1)[:, None])
    return ez / ez.sum(axis=1)[:, None]

def forward(x, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    a1 = relu(z1)
    return z1, a1, softmax(a1 @ w2 + b2)

def backward(x, y, z1, a1, y_hat, w2):
    dz2 = (y_hat - y) / x.shape[0]
    dw2 = a1.T @ dz2
    db2 = dz2.sum(0)
    dz1 = (dz2 @ w2.T) * (z1 > 0)
    return x.T @ dz1, dz1.sum(0), dw2, db2

losses = []
for i in range(1000):
    k = np.random.choice(len(x_train), 64)
    z1, a1, y_hat = forward(x_train[k], w1, b1, w2, b2)
    dw1, db1, dw2, db2 = backward(x_train[k], np.eye(10)[y_train[k]], z1, a1, y_hat, w2)
    w1 -= .1 * dw1; b1 -= .1 * db1; w2 -= .1 * dw2; b2 -= .1 * db2
plt.plot(losses)
