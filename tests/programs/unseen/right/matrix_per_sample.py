from numpy import matrix, exp, multiply, random, zeros, sum, power
import csv

# 3 layer perceptron with np.matrix, one pattern at a time (column vectors)


def sigm(x):
    return 1.0 / (1.0 + exp(-x))


class Perceptron3:

    def __init__(self, nin, nhid, nout, eta=0.2):
        self.V = matrix(random.uniform(-1, 1, (nhid, nin)))
        self.v = matrix(random.uniform(-1, 1, (nhid, 1)))
        self.W = matrix(random.uniform(-1, 1, (nout, nhid)))
        self.w = matrix(random.uniform(-1, 1, (nout, 1)))
        self.eta = eta

    def ask(self, x):
        x = matrix(x).reshape(-1, 1)
        self.x = x
        self.h = sigm(self.V * x + self.v)
        self.y = sigm(self.W * self.h + self.w)
        return self.y

    def teach(self, x, t):
        self.ask(x)
        t = matrix(t).reshape(-1, 1)
        e = self.y - t
        dy = multiply(e, multiply(self.y, 1 - self.y))
        dh = multiply(self.W.T * dy, multiply(self.h, 1 - self.h))
        self.W -= self.eta * dy * self.h.T
        self.w -= self.eta * dy
        self.V -= self.eta * dh * self.x.T
        self.v -= self.eta * dh
        return 0.5 * float(sum(power(e, 2)))


def read(path):
    with open(path) as f:
        return [[float(v) for v in row] for row in csv.reader(f)]


if __name__ == "__main__":
    rows = read("banknotes.csv")
    p = Perceptron3(4, 6, 1)
    for epoch in range(50):
        total = 0
        for row in rows:
            total += p.teach(row[:-1], row[-1:])
        print(epoch, total / len(rows))
