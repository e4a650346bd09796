import numpy as np

# Boston housing, one hidden layer, 1 output (price)
def make(n_features, n_hidden=20):
    theta = {'W': np.random.randn(n_hidden, n_features)/10, 'c': np.zeros(n_hidden),
             'v': np.random.randn(1, n_hidden)/10, 'd': np.zeros(1)}
    return theta

def hypothesis(theta, X):
    H = np.tanh(X @ theta['W'].T + theta['c'])
    return H, H @ theta['v'].T + theta['d']

def J(theta, X, y):
    H, pred = hypothesis(theta, X)
    return np.mean((pred - y)**2)

def grad_J(theta, X, y):
    m = len(y)
    H, pred = hypothesis(theta, X)
    diff = pred - y
    g = {}
    g['v'] = diff.T @ H / m
    g['d'] = diff.sum(axis=0) / m
    back = (diff @ theta['v']) * (1 - H**2)
    g['W'] = back.T @ X / m
    g['c'] = back.sum(axis=0) / m
    return g
