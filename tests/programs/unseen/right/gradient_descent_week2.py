import numpy as np
import matplotlib.pyplot as plt

data = np.loadtxt('ex1data2.txt', delimiter=',')
X = data[:, :2]
y = data[:, 2].reshape(-1, 1)
m = len(y)
mu = X.mean(axis=0)
sigma = X.std(axis=0)
X = np.hstack((np.ones((m, 1)), (X - mu) / sigma))


def computeCost(X, y, theta):
    m = len(y)
    h = X.dot(theta)
    J = 1 / (2 * m) * np.sum((h - y) ** 2)
    return J


def gradientDescent(X, y, theta, alpha, num_iters):
    m = len(y)
    J_history = np.zeros((num_iters, 1))
    for i in range(num_iters):
        h = X.dot(theta)
        theta = theta - alpha * (1 / m) * X.T.dot(h - y)
        J_history[i] = computeCost(X, y, theta)
    return theta, J_history


theta = np.zeros((3, 1))
theta, J_history = gradientDescent(X, y, theta, 0.01, 400)
plt.plot(J_history)
plt.xlabel('Iteration')
plt.ylabel('$J(\\Theta)$')
plt.show()
