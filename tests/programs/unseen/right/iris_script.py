import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from tqdm import tqdm

data = load_iris()
X_all = data.data
y_all = pd.get_dummies(data.target).values
X_train, X_test, y_train, y_test = train_test_split(X_all, y_all, test_size=20, random_state=4)

learning_rate = 0.05
iterations = 5000
N = y_train.size // 3

n_input = 4
n_hidden = 5
n_output = 3
np.random.seed(10)
W1 = np.random.normal(scale=0.5, size=(n_input, n_hidden))
b1 = np.zeros(n_hidden)
W2 = np.random.normal(scale=0.5, size=(n_hidden, n_output))
b2 = np.zeros(n_output)

costs = []
for itr in tqdm(range(iterations)):
    m = X_train.shape[0]
    # feedforward
    Z1 = X_train @ W1 + b1
    A1 = np.maximum(0, Z1)
    Z2 = A1 @ W2 + b2
    expZ = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
    A2 = expZ / expZ.sum(axis=1, keepdims=True)

    cost = -np.sum(y_train * np.log(A2 + 1e-12)) / m
    costs.append(cost)

    # backpropagation
    dZ2 = (A2 - y_train) / m
    dW2 = A1.T @ dZ2
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1.copy()
    dZ1[Z1 <= 0] = 0
    dW1 = X_train.T @ dZ1
    db1 = dZ1.sum(axis=0)

    # weight updates
    W2 = W2 - learning_rate * dW2
    b2 = b2 - learning_rate * db2
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1

plt.plot(costs)
plt.show()
Z1 = X_test @ W1 + b1
A1 = np.maximum(0, Z1)
pred = np.argmax(A1 @ W2 + b2, axis=1)
acc = np.mean(pred == y_test.argmax(axis=1))
print("Accuracy: {}".format(acc))
