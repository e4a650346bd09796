# Softmax regression (multinomial logistic regression) on Iris
import numpy as np
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

iris = load_iris()
X = iris.data
y = iris.target
m, n = X.shape
K = 3

X = (X - X.mean(axis=0)) / X.std(axis=0)
Y = np.eye(K)[y]

learning_rate = 0.5
lam = 1e-3

W = 0.01 * np.random.randn(n, K)
b = np.zeros((1, K))

costs = []
for epoch in range(300):
    # class scores and probabilities, (m, K)
    Z = np.dot(X, W) + b
    exp_Z = np.exp(Z)
    P = exp_Z / np.sum(exp_Z, axis=1, keepdims=True)

    # cross-entropy plus weight penalty
    cost = -np.sum(Y * np.log(P)) / m + 0.5 * lam * np.sum(W * W)
    costs.append(cost)
    if epoch % 50 == 0:
        print("epoch %d: cost %.4f" % (epoch, cost))

    # gradients
    dZ = (P - Y) / m
    dW = np.dot(X.T, dZ)
    db = np.sum(dZ, axis=0, keepdims=True)
    dW += lam * W

    # update
    W -= learning_rate * dW
    b -= learning_rate * db

predicted = np.argmax(np.dot(X, W) + b, axis=1)
print('training accuracy: %.3f' % np.mean(predicted == y))
plt.plot(costs)
plt.show()
