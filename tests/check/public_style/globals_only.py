import numpy as np
INPUT, HIDDEN, OUTPUT = 784, 50, 10
lr = 0.01
W1 = np.random.normal(0, 1/np.sqrt(INPUT), (HIDDEN, INPUT)).astype(np.float32)
W2 = np.random.normal(0, 1/np.sqrt(HIDDEN), (OUTPUT, HIDDEN)).astype(np.float32)

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward(x):
    h = sigmoid(W1 @ x)
    return h, sigmoid(W2 @ h)

def train_batch(x, t):
    """x (784, n), t (10, n)"""
    global W1, W2
    h, o = forward(x)
    n = x.shape[1]
    do = (o - t) * o * (1 - o) / n
    dh = (W2.T @ do) * h * (1 - h)
    W2 -= lr * do @ h.T
    W1 -= lr * dh @ x.T

for epoch in range(5):
    for i in range(0, 60000, 100):
        train_batch(images[:, i:i+100], targets[:, i:i+100])
