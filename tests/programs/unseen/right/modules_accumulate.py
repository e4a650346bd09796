import numpy as np


class Module:
    def parameters(self):
        return []

    def __call__(self, *a):
        return self.forward(*a)


class Linear(Module):
    def __init__(self, in_features, out_features):
        k = np.sqrt(1 / in_features)
        self.W = np.random.uniform(-k, k, (out_features, in_features))
        self.b = np.random.uniform(-k, k, (out_features,))
        self.gW = np.zeros_like(self.W)
        self.gb = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W.T + self.b

    def backward(self, grad):
        self.gW += grad.T @ self.x
        self.gb += grad.sum(axis=0)
        return grad @ self.W

    def parameters(self):
        return [(self.W, self.gW), (self.b, self.gb)]


class Softplus(Module):
    def forward(self, x):
        self.x = x
        return np.logaddexp(0, x)

    def backward(self, grad):
        return grad / (1 + np.exp(-self.x))


class MSELoss(Module):
    def forward(self, y, t):
        self.d = y - t
        return (self.d ** 2).mean()

    def backward(self):
        return 2 * self.d / self.d.size


class Sequential(Module):
    def __init__(self, *modules):
        self.modules = modules

    def forward(self, x):
        for m in self.modules:
            x = m(x)
        return x

    def backward(self, grad):
        for m in reversed(self.modules):
            grad = m.backward(grad)
        return grad

    def parameters(self):
        return [p for m in self.modules for p in m.parameters()]

    def zero_grad(self):
        for _, g in self.parameters():
            g.fill(0)


def build_model(n_in=13, n_hidden=32, n_out=1):
    return Sequential(Linear(n_in, n_hidden), Softplus(), Linear(n_hidden, n_out))


def train_epoch(model, criterion, x, y, lr=1e-2, batch=16):
    total = 0.0
    for i in range(0, len(x), batch):
        model.zero_grad()
        total += criterion(model(x[i:i + batch]), y[i:i + batch])
        model.backward(criterion.backward())
        for p, g in model.parameters():
            p -= lr * g
    return total


if __name__ == "__main__":
    from sklearn.datasets import fetch_california_housing
    x, y = fetch_california_housing(return_X_y=True)
    model = build_model(x.shape[1])
    for e in range(10):
        print(e, train_epoch(model, MSELoss(), x, y[:, None]))
