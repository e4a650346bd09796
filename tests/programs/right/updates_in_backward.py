import numpy as np

class NeuralNetwork:
    """inputs are rows; mean squared error; update is done directly in backward()"""

    def __init__(self, nb_in, nb_hid, nb_out):
        self.l1_w = np.random.randn(nb_in, nb_hid) * 0.3
        self.l1_b = np.random.randn(nb_hid) * 0.1
        self.l2_w = np.random.randn(nb_hid, nb_out) * 0.3
        self.l2_b = np.random.randn(nb_out) * 0.1

    def forward(self, inputs):
        self.inputs = inputs
        self.pre1 = inputs.dot(self.l1_w) + self.l1_b
        self.out1 = np.maximum(self.pre1, 0)
        self.out2 = self.out1.dot(self.l2_w) + self.l2_b
        return self.out2

    def backward(self, targets, learning_rate):
        batch = len(targets)
        d_out2 = 2 * (self.out2 - targets) / batch
        d_out1 = d_out2.dot(self.l2_w.T)
        d_pre1 = d_out1 * (self.pre1 > 0)
        self.l2_w -= learning_rate * self.out1.T.dot(d_out2)
        self.l2_b -= learning_rate * d_out2.sum(0)
        self.l1_w -= learning_rate * self.inputs.T.dot(d_pre1)
        self.l1_b -= learning_rate * d_pre1.sum(0)

    def loss(self, targets):
        return np.sum((self.out2 - targets) ** 2) / len(targets)
