import numpy as np

np.random.seed(7)

def relu(x):
    return np.maximum(x, 0)

def softmax(x):
    e_x = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e_x / e_x.sum(axis=1, keepdims=True)

class Model:
    def __init__(self, nin, nhid, nout, alpha=1e-2, gamma=0.9):
        self.Wh = np.random.normal(0, np.sqrt(2 / (nin + nhid)), (nin, nhid))
        self.bh = np.zeros((1, nhid))
        self.Wo = np.random.normal(0, np.sqrt(2 / (nhid + nout)), (nhid, nout))
        self.bo = np.zeros((1, nout))
        self.vWh = np.zeros_like(self.Wh)
        self.vbh = np.zeros_like(self.bh)
        self.vWo = np.zeros_like(self.Wo)
        self.vbo = np.zeros_like(self.bo)
        self.alpha, self.gamma = alpha, gamma

    def forward(self, X):
        self.X = X
        self.S = X @ self.Wh + self.bh
        self.H = relu(self.S)
        self.P = softmax(self.H @ self.Wo + self.bo)
        return self.P

    def average_ce(self, target, prediction):
        return -np.sum(target * np.log(prediction)) / target.shape[0]

    def gradients(self, target):
        N = target.shape[0]
        dO = (self.P - target) / N
        gWo = self.H.T @ dO
        gbo = np.sum(dO, axis=0, keepdims=True)
        dS = (dO @ self.Wo.T) * (self.S > 0).astype(float)
        gWh = self.X.T @ dS
        gbh = np.sum(dS, axis=0, keepdims=True)
        return gWh, gbh, gWo, gbo

    def update(self, gWh, gbh, gWo, gbo):
        self.vWh = self.gamma * self.vWh + self.alpha * gWh
        self.vbh = self.gamma * self.vbh + self.alpha * gbh
        self.vWo = self.gamma * self.vWo + self.alpha * gWo
        self.vbo = self.gamma * self.vbo + self.alpha * gbo
        self.Wh -= self.vWh
        self.bh -= self.vbh
        self.Wo -= self.vWo
        self.bo -= self.vbo
