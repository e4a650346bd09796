import numpy as np

# XOR in numpy. X = [[0,0],[0,1],[1,0],[1,1]]

class NeuralNet:
    def __init__(self, n_inputs=2, n_hidden=4, n_outputs=1):
        self.weights_hidden = np.random.uniform(size=(n_inputs, n_hidden))
        self.bias_hidden = np.random.uniform(size=(1, n_hidden))
        self.weights_output = np.random.uniform(size=(n_hidden, n_outputs))
        self.bias_output = np.random.uniform(size=(1, n_outputs))

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def sigmoid_derivative(self, s):
        # s is already sigmoid(x)
        return s * (1 - s)

    def feedforward(self, X):
        self.hidden_layer_output = self.sigmoid(np.dot(X, self.weights_hidden) + self.bias_hidden)
        self.predicted_output = self.sigmoid(np.dot(self.hidden_layer_output, self.weights_output) + self.bias_output)
        return self.predicted_output

    def backpropagation(self, X, y, learning_rate):
        error = y - self.predicted_output
        d_predicted_output = error * self.sigmoid_derivative(self.predicted_output)
        error_hidden_layer = d_predicted_output.dot(self.weights_output.T)
        d_hidden_layer = error_hidden_layer * self.sigmoid_derivative(self.hidden_layer_output)

        self.weights_output += self.hidden_layer_output.T.dot(d_predicted_output) * learning_rate
        self.bias_output += np.sum(d_predicted_output, axis=0, keepdims=True) * learning_rate
        self.weights_hidden += X.T.dot(d_hidden_layer) * learning_rate
        self.bias_hidden += np.sum(d_hidden_layer, axis=0, keepdims=True) * learning_rate

    def train(self, X, y, epochs=10000, learning_rate=0.1):
        for _ in range(epochs):
            self.feedforward(X)
            self.backpropagation(X, y, learning_rate)


inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
expected_output = np.array([[0], [1], [1], [0]])
nn = NeuralNet()
nn.train(inputs, expected_output)
print(nn.feedforward(inputs))
