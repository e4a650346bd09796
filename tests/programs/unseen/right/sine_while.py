import numpy as np
import matplotlib.pyplot as plt

# fit y = sin(x) with 1-10-1 network, full batch, mean squared error
x = np.linspace(-np.pi, np.pi, 100).reshape(1, -1)
y = np.sin(x)
m = x.shape[1]

n_hidden = 10
Wh = np.random.randn(n_hidden, 1)
bh = np.random.randn(n_hidden, 1)
Wo = np.random.randn(1, n_hidden)
bo = np.random.randn(1, 1)
eta = 0.05
mse = 1.0
epoch = 0
errs = []
while mse > 1e-3 and epoch < 20000:
    m = x.shape[1]
    # forward
    a = np.tanh(np.dot(Wh, x) + bh)
    out = np.dot(Wo, a) + bo
    e = out - y
    mse = np.mean(e ** 2)
    errs.append(mse)
    # backward
    de = 2 * e / m
    dWo = np.dot(de, a.T)
    dbo = np.sum(de, axis=1, keepdims=True)
    da = np.dot(Wo.T, de)
    dz = da * (1 - a * a)
    dWh = np.dot(dz, x.T)
    dbh = np.sum(dz, axis=1, keepdims=True)
    # step
    Wo -= eta * dWo
    bo -= eta * dbo
    Wh -= eta * dWh
    bh -= eta * dbh
    epoch += 1

plt.plot(errs)
plt.yscale('log')
plt.savefig('errors.png')
