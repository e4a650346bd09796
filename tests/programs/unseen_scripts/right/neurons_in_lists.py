# A neural network without any library: neurons are objects, weights are lists.
import math
import random

random.seed(2)


class Neuron:
    def __init__(self, n_inputs):
        self.weights = [random.uniform(-1, 1) for _ in range(n_inputs)]
        self.bias = random.uniform(-1, 1)
        self.output = 0.0
        self.delta = 0.0

    def activate(self, inputs):
        total = self.bias
        for weight, value in zip(self.weights, inputs):
            total += weight * value
        self.output = 1.0 / (1.0 + math.exp(-total))
        return self.output


class Layer:
    def __init__(self, n_neurons, n_inputs):
        self.neurons = [Neuron(n_inputs) for _ in range(n_neurons)]

    def forward(self, inputs):
        self.inputs = inputs
        return [neuron.activate(inputs) for neuron in self.neurons]


class Network:
    def __init__(self, sizes):
        self.layers = [Layer(n_out, n_in) for n_in, n_out in zip(sizes[:-1], sizes[1:])]

    def forward(self, inputs):
        values = inputs
        for layer in self.layers:
            values = layer.forward(values)
        return values

    def backward(self, targets):
        output_layer = self.layers[-1]
        for neuron, target in zip(output_layer.neurons, targets):
            error = neuron.output - target
            neuron.delta = error * neuron.output * (1 - neuron.output)
        for index in range(len(self.layers) - 2, -1, -1):
            for j, neuron in enumerate(self.layers[index].neurons):
                error = 0.0
                for following in self.layers[index + 1].neurons:
                    error += following.weights[j] * following.delta
                neuron.delta = error * neuron.output * (1 - neuron.output)

    def update(self, learning_rate):
        for layer in self.layers:
            for neuron in layer.neurons:
                for i in range(len(neuron.weights)):
                    neuron.weights[i] -= learning_rate * neuron.delta * layer.inputs[i]
                neuron.bias -= learning_rate * neuron.delta

    def train(self, samples, learning_rate=0.5, epochs=2000):
        for epoch in range(epochs):
            loss = 0.0
            for inputs, targets in samples:
                outputs = self.forward(inputs)
                loss += sum(0.5 * (o - t) ** 2 for o, t in zip(outputs, targets))
                self.backward(targets)
                self.update(learning_rate)
            if epoch % 200 == 0:
                print(f"epoch {epoch:4d}  loss {loss:.5f}")


if __name__ == "__main__":
    half_adder = [
        ([0, 0], [0, 0]),
        ([0, 1], [1, 0]),
        ([1, 0], [1, 0]),
        ([1, 1], [0, 1]),
    ]
    net = Network([2, 4, 2])
    net.train(half_adder)
    for inputs, targets in half_adder:
        print(inputs, [round(v, 2) for v in net.forward(inputs)], targets)
