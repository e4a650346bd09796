import numpy as np

# NB: I compute the *direction to go*, so the update has a plus.

class Net():

    def __init__(self, ni, nh, no):
        self.w_ih = np.random.uniform(-0.5, 0.5, (ni, nh))
        self.w_ho = np.random.uniform(-0.5, 0.5, (nh, no))
        self.bias_h = np.zeros(nh)
        self.bias_o = np.zeros(no)

    def feed(self, x):
        self.x = x
        self.z_h = x @ self.w_ih + self.bias_h
        self.h = self.z_h * (self.z_h > 0)
        s = self.h @ self.w_ho + self.bias_o
        s = s - np.amax(s, 1, keepdims=True)
        self.o = np.exp(s) / np.exp(s).sum(1, keepdims=True)
        return self.o

    def loss(self, x, t):
        return -np.mean(np.log(np.sum(self.feed(x) * t, axis=1)))

    def directions(self, x, t):
        o = self.feed(x)
        n = x.shape[0]
        d_o = (t - o) / n
        d_h = (d_o @ self.w_ho.T) * (self.z_h > 0)
        return x.T @ d_h, d_h.sum(0), self.h.T @ d_o, d_o.sum(0)

    def learn(self, x, t, rate):
        dw_ih, db_h, dw_ho, db_o = self.directions(x, t)
        self.w_ih += rate * dw_ih
        self.bias_h += rate * db_h
        self.w_ho += rate * dw_ho
        self.bias_o += rate * db_o
