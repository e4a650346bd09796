import numpy as np

def make_net(d, h, c, seed=None):
    rng = np.random.default_rng(seed)
    return {"A": rng.normal(0, .3, (d, h)), "a": np.zeros(h), "B": rng.normal(0, .3, (h, c)), "b": np.zeros(c)}

def probabilities(net, x):
    hid = np.clip(x @ net["A"] + net["a"], 0, None)
    logit = hid @ net["B"] + net["b"]
    logit -= logit.max(axis=1, keepdims=True)
    p = np.exp(logit)
    p /= p.sum(axis=1, keepdims=True)
    return hid, p

def nll(net, x, y):
    _, p = probabilities(net, x)
    return -np.log(p[np.arange(y.size), y]).mean()

def grad_nll(net, x, y):
    hid, p = probabilities(net, x)
    n = y.size
    r = p
    r[np.arange(n), y] -= 1
    r /= n
    q = r @ net["B"].T
    q[hid == 0] = 0
    return {"A": x.T @ q, "a": q.sum(0), "B": hid.T @ r, "b": r.sum(0)}
