import numpy as np
import pickle, gzip

class NeuralNetwork:
    def __init__(self):
        self.weights0 = 2 * np.random.random((784, 32)) - 1
        self.weights1 = 2 * np.random.random((32, 10)) - 1

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def think(self, inputs):
        return self.sigmoid(np.dot(self.sigmoid(np.dot(inputs, self.weights0)), self.weights1))

    def train(self, inputs, outputs, iterations, alpha):
        for i in range(iterations):
            l1 = self.sigmoid(np.dot(inputs, self.weights0))
            l2 = self.sigmoid(np.dot(l1, self.weights1))
            l2_delta = (l2 - outputs) * l2 * (1 - l2)
            l1_delta = l2_delta.dot(self.weights1.T) * l1 * (1 - l1)
            self.weights1 -= alpha * l1.T.dot(l2_delta)
            self.weights0 -= alpha * inputs.T.dot(l1_delta)

if __name__ == "__main__":
    with gzip.open("mnist.pkl.gz", "rb") as f:
        data = pickle.load(f, encoding="latin1")
    nn = NeuralNetwork()
    nn.train(data[0][0], np.eye(10)[data[0][1]], 500, 0.01)
