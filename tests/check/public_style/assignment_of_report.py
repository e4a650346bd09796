# assignment: 784-100-100-10, everything hard-coded, tensors of lists, mask of where
import numpy as np
W1 = np.random.normal(0, 0.1, (784, 100)); W10 = np.zeros((1, 100))
W2 = np.random.normal(0, 0.1, (100, 100)); W20 = np.zeros((1, 100))
W3 = np.random.normal(0, 0.1, (100, 10)); W30 = np.zeros((1, 10))
def ReLU(z): return np.maximum(0, z)
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)
def forwardProp(X, W1, W10, W2, W20, W3, W30):
    z1 = np.matmul(X, W1) + W10
    H1 = ReLU(z1)
    z2 = np.matmul(H1, W2) + W20
    H2 = ReLU(z2)
    z3 = np.matmul(H2, W3) + W30
    return z1, H1, z2, H2, softmax(z3)
def lossFunc(y, yhat):
    return -np.sum(y*np.log(yhat+1e-10))/y.shape[0]
def backProp(X, y, yhat, H1, H2, z1, z2, W2, W3):
    M = X.shape[0]
    gz3 = (yhat - y)/M
    gW3 = np.matmul(H2.T, gz3)
    gW30 = np.sum(gz3, axis=0, keepdims=True)
    gH2 = np.matmul(gz3, W3.T)
    gz2 = gH2 * (z2 > 0)
    gW2 = np.matmul(H1.T, gz2)
    gW20 = np.sum(gz2, axis=0, keepdims=True)
    gH1 = np.matmul(gz2, W2.T)
    gz1 = gH1 * (z2 > 0)
    gW1 = np.matmul(X.T, gz1)
    gW10 = np.sum(gz1, axis=0, keepdims=True)
    return gW1, gW10, gW2, gW20, gW3, gW30
