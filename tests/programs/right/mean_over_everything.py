import numpy as np

def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size

def tanh(x):
    return np.tanh(x)

def tanh_prime(x):
    return 1 - np.tanh(x) ** 2


class FCLayer:
    def __init__(self, input_size, output_size):
        self.weights = np.random.rand(input_size, output_size) - 0.5
        self.bias = np.random.rand(1, output_size) - 0.5

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.weights) + self.bias
        return self.output

    # computes dE/dW, dE/dB for a given output_error=dE/dY. Returns input_error=dE/dX.
    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.weights.T)
        weights_error = np.dot(self.input.T, output_error)
        bias_error = np.sum(output_error, axis=0, keepdims=True)

        self.weights -= learning_rate * weights_error
        self.bias -= learning_rate * bias_error
        return input_error


class ActivationLayer:
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = self.activation(self.input)
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        return self.activation_prime(self.input) * output_error


class Network:
    def __init__(self):
        self.layers = [FCLayer(28 * 28, 30), ActivationLayer(tanh, tanh_prime),
                       FCLayer(30, 10), ActivationLayer(tanh, tanh_prime)]
        self.loss = mse
        self.loss_prime = mse_prime

    def predict(self, x):
        out = x
        for layer in self.layers:
            out = layer.forward_propagation(out)
        return out

    def fit(self, x_train, y_train, epochs=1, learning_rate=0.1):
        for i in range(epochs):
            output = self.predict(x_train)
            err = self.loss(y_train, output)
            error = self.loss_prime(y_train, output)
            for layer in reversed(self.layers):
                error = layer.backward_propagation(error, learning_rate)
            print('epoch %d/%d   error=%f' % (i + 1, epochs, err))
