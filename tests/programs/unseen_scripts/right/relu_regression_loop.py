import numpy as np
import matplotlib.pyplot as plt

np.random.seed(42)

# toy problem: two inputs, three outputs
n_samples = 200
X = np.random.uniform(-1, 1, (n_samples, 2))
T = np.column_stack([np.sin(3 * X[:, 0]), X[:, 0] * X[:, 1], np.cos(2 * X[:, 1])])

n_hidden = 30
W1 = np.random.randn(2, n_hidden)
b1 = np.zeros(n_hidden)
W2 = np.random.randn(n_hidden, 3) / np.sqrt(n_hidden)
b2 = np.zeros(3)

lr = 1e-4
history = []
for it in range(2000):
    # forward
    a1 = X.dot(W1) + b1
    h1 = np.maximum(0, a1)
    Y = h1.dot(W2) + b2
    L = ((Y - T) ** 2).sum()
    history.append(L)

    # backward
    gY = 2 * (Y - T)
    gW2 = h1.T.dot(gY)
    gb2 = gY.sum(axis=0)
    gh1 = gY.dot(W2.T)
    ga1 = gh1.copy()
    ga1[a1 < 0] = 0
    gW1 = X.T.dot(ga1)
    gb1 = ga1.sum(axis=0)

    # gradient descent
    W1 -= lr * gW1
    b1 -= lr * gb1
    W2 -= lr * gW2
    b2 -= lr * gb2

    if it % 200 == 0:
        print('step', it, 'loss', L)

plt.semilogy(history)
plt.xlabel('step')
plt.ylabel('loss')
plt.show()
