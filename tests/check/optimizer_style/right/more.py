import numpy as np
class Optimizer:
    """Base class"""
    def __init__(self, learning_rate, *args, **kwargs):
        self.learning_rate = learning_rate
    def update(self, w, grad):
        raise NotImplementedError
class MomentumGD(Optimizer):
    def __init__(self, learning_rate=0.01, gamma=0.9):
        super().__init__(learning_rate)
        self.gamma = gamma
        self.nu = None
    def update(self, w, grad):
        if self.nu is None: self.nu = np.zeros_like(w)
        self.nu = self.gamma * self.nu + self.learning_rate * grad
        return w - self.nu
class NesterovMomentum(Optimizer):
    def __init__(self, learning_rate=0.01, gamma=0.9):
        super().__init__(learning_rate)
        self.gamma = gamma
        self.nu = 0
    def update(self, w, grad):
        prev = self.nu
        self.nu = self.gamma * self.nu - self.learning_rate * grad
        return w - self.gamma * prev + (1 + self.gamma) * self.nu
class Yogi:
    def __init__(self, lr=0.01): self.lr = lr
    def update(self, w, g): return w - self.lr * g / (1 + np.abs(g))
def train_step_update(W, b, grad_W, grad_b, learning_rate, reg_lambda=0.0):
    W = W - learning_rate * (grad_W + reg_lambda * W)
    b = b - learning_rate * grad_b
    return W, b
class Network:
    def update_params(self, grads, lr):
        for l, (dW, db) in zip(self.layers, grads):
            l.W -= lr * dW
            l.b -= lr * db
class Adam:
    def __init__(self, model, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0):
        self.model = model
        self.lr, self.b1, self.b2, self.eps, self.weight_decay = lr, b1, b2, eps, weight_decay
        self.t = 0
        for layer in model.layers:
            layer.mW = np.zeros_like(layer.W); layer.vW = np.zeros_like(layer.W)
            layer.mb = np.zeros_like(layer.b); layer.vb = np.zeros_like(layer.b)
    def step(self):
        self.t += 1
        for layer in self.model.layers:
            for p, d, m, v in (('W', 'dW', 'mW', 'vW'), ('b', 'db', 'mb', 'vb')):
                g = getattr(layer, d) + self.weight_decay * getattr(layer, p)
                setattr(layer, m, self.b1 * getattr(layer, m) + (1 - self.b1) * g)
                setattr(layer, v, self.b2 * getattr(layer, v) + (1 - self.b2) * g * g)
                mh = getattr(layer, m) / (1 - self.b1 ** self.t)
                vh = getattr(layer, v) / (1 - self.b2 ** self.t)
                setattr(layer, p, getattr(layer, p) - self.lr * mh / (np.sqrt(vh) + self.eps))
