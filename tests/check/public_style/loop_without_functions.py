import numpy as np
from mnist import MNIST
D, H, K = 784, 64, 10
W1 = np.random.randn(D, H) * 0.01
b1 = np.zeros((1, H))
W2 = np.random.randn(H, K) * 0.01
b2 = np.zeros((1, K))
step_size = 0.5
reg = 1e-3
X_train, y_train = MNIST('data').load_training()
for epoch in range(20):
    perm = np.random.permutation(60000)
    for i in range(0, 60000, 50):
        X = X_train[perm[i:i+50]]
        y = y_train[perm[i:i+50]]
        num = X.shape[0]
        hidden = np.maximum(0, np.dot(X, W1) + b1)
        scores = np.dot(hidden, W2) + b2
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        loss = np.sum(-np.log(probs[range(num), y])) / num + 0.5*reg*np.sum(W1*W1) + 0.5*reg*np.sum(W2*W2)
        dscores = probs
        dscores[range(num), y] -= 1
        dscores /= num
        dW2 = np.dot(hidden.T, dscores)
        db2 = np.sum(dscores, axis=0, keepdims=True)
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden <= 0] = 0
        dW1 = np.dot(X.T, dhidden)
        db1 = np.sum(dhidden, axis=0, keepdims=True)
        dW2 += reg * W2
        dW1 += reg * W1
        W1 += -step_size * dW1
        b1 += -step_size * db1
        W2 += -step_size * dW2
        b2 += -step_size * db2
