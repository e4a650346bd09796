import numpy as np


# base class
class Layer:
    def __init__(self):
        self.input = None
        self.output = None

    # computes the output Y of a layer for a given input X
    def forward_propagation(self, input):
        raise NotImplementedError

    # computes dE/dX for a given dE/dY (and update parameters if any)
    def backward_propagation(self, output_error, learning_rate):
        raise NotImplementedError


class FullyConnected(Layer):
    def __init__(self, n_in, n_out):
        self.W = np.random.rand(n_in, n_out) - 0.5
        self.B = np.random.rand(1, n_out) - 0.5

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = np.dot(self.input, self.W) + self.B
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        input_error = np.dot(output_error, self.W.T)
        weights_error = np.dot(self.input.T, output_error)
        # dBias = output_error
        self.W -= learning_rate * weights_error
        self.B -= learning_rate * output_error
        return input_error


class Activation(Layer):
    def __init__(self, fn, fn_prime):
        self.fn = fn
        self.fn_prime = fn_prime

    def forward_propagation(self, input_data):
        self.input = input_data
        self.output = self.fn(self.input)
        return self.output

    def backward_propagation(self, output_error, learning_rate):
        return self.fn_prime(self.input) * output_error


class Flatten(Layer):
    def forward_propagation(self, input_data):
        self.shape = input_data.shape
        return input_data.reshape(1, -1)

    def backward_propagation(self, output_error, learning_rate):
        return output_error.reshape(self.shape)


def tanh(x):
    return np.tanh(x)


def tanh_prime(x):
    return 1 - np.tanh(x) ** 2


def mse(y_true, y_pred):
    return np.mean(np.power(y_true - y_pred, 2))


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


class Network:
    def __init__(self):
        self.layers = []
        self.loss = None
        self.loss_prime = None

    def add(self, layer):
        self.layers.append(layer)

    def use(self, loss, loss_prime):
        self.loss = loss
        self.loss_prime = loss_prime

    def predict(self, input_data):
        result = []
        for i in range(len(input_data)):
            output = input_data[i]
            for layer in self.layers:
                output = layer.forward_propagation(output)
            result.append(output)
        return result

    def fit(self, x_train, y_train, epochs, learning_rate):
        samples = len(x_train)
        for i in range(epochs):
            err = 0
            for j in range(samples):
                output = x_train[j]
                for layer in self.layers:
                    output = layer.forward_propagation(output)
                err += self.loss(y_train[j], output)
                error = self.loss_prime(y_train[j], output)
                for layer in reversed(self.layers):
                    error = layer.backward_propagation(error, learning_rate)
            err /= samples
            print("epoch %d/%d   error=%f" % (i + 1, epochs, err))


# ---- MNIST
from keras.datasets import mnist
from keras.utils import np_utils

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(x_train.shape[0], 1, 28 * 28)
x_train = x_train.astype("float32")
x_train /= 255
y_train = np_utils.to_categorical(y_train)

x_test = x_test.reshape(x_test.shape[0], 1, 28 * 28)
x_test = x_test.astype("float32")
x_test /= 255
y_test = np_utils.to_categorical(y_test)

net = Network()
net.add(Flatten())
net.add(FullyConnected(28 * 28, 100))
net.add(Activation(tanh, tanh_prime))
net.add(FullyConnected(100, 50))
net.add(Activation(tanh, tanh_prime))
net.add(FullyConnected(50, 10))
net.add(Activation(tanh, tanh_prime))

net.use(mse, mse_prime)
net.fit(x_train[0:1000], y_train[0:1000], epochs=35, learning_rate=0.1)

out = net.predict(x_test[0:3])
print("predicted values : ")
print(out, end="\n")
print("true values : ")
print(y_test[0:3])
