import numpy as np
import csv

class MultiLayerPerceptron:
    # one training example after another

    def __init__(self, I, H, O, eta=0.2):
        self.eta = eta
        self.V = np.random.uniform(-.1, .1, (H, I))
        self.v0 = np.zeros(H)
        self.W = np.random.uniform(-.1, .1, (O, H))
        self.w0 = np.zeros(O)

    def g(self, a):
        return 1/(1 + np.exp(-a))

    def out(self, x):
        self.h = self.g(self.V.dot(x) + self.v0)
        self.y = self.g(self.W.dot(self.h) + self.w0)
        return self.y

    def learn_one(self, x, t):
        y = self.out(x)
        # delta rule
        delta_o = (y - t) * y * (1 - y)
        self.W -= self.eta * np.outer(delta_o, self.h)
        self.w0 -= self.eta * delta_o
        delta_h = self.W.T.dot(delta_o) * self.h * (1 - self.h)
        self.V -= self.eta * np.outer(delta_h, x)
        self.v0 -= self.eta * delta_h

    def learn(self, examples, passes=10):
        for p in range(passes):
            for x, t in examples:
                self.learn_one(np.asarray(x), np.asarray(t))


rows = list(csv.reader(open('train.csv')))
mlp = MultiLayerPerceptron(784, 50, 10)
mlp.learn([(np.array(row[1:], float) / 255, np.eye(10)[int(row[0])]) for row in rows])
