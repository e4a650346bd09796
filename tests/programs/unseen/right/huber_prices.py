import numpy as np

# robust regression of house prices: one hidden layer of softplus, Huber loss

delta_h = 1.0


def softplus(z):
    return np.log1p(np.exp(z))


def init(n_features, n_hidden):
    return {
        "w1": np.random.normal(0, np.sqrt(1 / n_features), (n_features, n_hidden)),
        "b1": np.zeros((1, n_hidden)),
        "w2": np.random.normal(0, np.sqrt(1 / n_hidden), (n_hidden, 1)),
        "b2": np.zeros((1, 1)),
    }


def predict(params, X):
    h = softplus(X @ params["w1"] + params["b1"])
    return h @ params["w2"] + params["b2"]


def huber(params, X, y):
    r = predict(params, X) - y
    small = np.abs(r) <= delta_h
    return np.mean(np.where(small, 0.5 * r**2, delta_h * (np.abs(r) - 0.5 * delta_h)))


def huber_gradients(params, X, y):
    n = X.shape[0]
    z = X @ params["w1"] + params["b1"]
    h = softplus(z)
    r = h @ params["w2"] + params["b2"] - y
    dr = np.where(np.abs(r) <= delta_h, r, delta_h * np.sign(r)) / n
    g = {}
    g["w2"] = h.T @ dr
    g["b2"] = dr.sum(axis=0, keepdims=True)
    dz = (dr @ params["w2"].T) / (1 + np.exp(-z))
    g["w1"] = X.T @ dz
    g["b1"] = dz.sum(axis=0, keepdims=True)
    return g


def train(X, y, hidden=20, rate=0.01, steps=2000):
    params = init(X.shape[1], hidden)
    for s in range(steps):
        g = huber_gradients(params, X, y)
        for k in params:
            params[k] -= rate * g[k]
        if s % 200 == 0:
            print(s, huber(params, X, y))
    return params
