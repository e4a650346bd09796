import numpy as np

# everything in one function, returns the trained weights

def sig(v):
    return 1/(1+np.exp(-v))

def train(X, Y, W1, b1, W2, b2, lr=0.5, epochs=1):
    for ep in range(epochs):
        # forward
        a1 = sig(np.dot(X, W1) + b1)
        a2 = sig(np.dot(a1, W2) + b2)
        # mean squared error
        err = a2 - Y
        loss = np.sum(err**2) / (2*len(X))
        # backward
        delta2 = err * a2*(1-a2) / len(X)
        delta1 = np.dot(delta2, W2.T) * a1*(1-a1)
        W2 = W2 - lr * np.dot(a1.T, delta2)
        b2 = b2 - lr * np.sum(delta2, axis=0)
        W1 = W1 - lr * np.dot(X.T, delta1)
        b1 = b1 - lr * np.sum(delta1, axis=0)
        if ep % 100 == 0:
            print('epoch', ep, 'loss', loss)
    return W1, b1, W2, b2

def predict(X, W1, b1, W2, b2):
    a1 = sig(np.dot(X, W1) + b1)
    return sig(np.dot(a1, W2) + b2)
