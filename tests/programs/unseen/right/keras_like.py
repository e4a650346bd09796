import numpy as np


class ReLU:
    @staticmethod
    def f(z):
        return np.maximum(z, 0)

    @staticmethod
    def df(z):
        return (z > 0).astype(z.dtype)


class Linear:
    @staticmethod
    def f(z):
        return z

    @staticmethod
    def df(z):
        return np.ones_like(z)


class Tanh:
    @staticmethod
    def f(z):
        return np.tanh(z)

    @staticmethod
    def df(z):
        return 1.0 - np.tanh(z) ** 2


ACTIVATIONS = {"relu": ReLU, "linear": Linear, "tanh": Tanh}


class CategoricalCrossentropy:
    """from logits"""

    def __call__(self, y_true, logits):
        z = logits - logits.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -(y_true * logp).sum() / len(y_true)

    def gradient(self, y_true, logits):
        z = logits - logits.max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return (p - y_true) / len(y_true)


class MeanSquaredError:
    def __call__(self, y_true, y_pred):
        return np.mean((y_true - y_pred) ** 2)

    def gradient(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / y_true.size


LOSSES = {"categorical_crossentropy": CategoricalCrossentropy, "mse": MeanSquaredError}


class Dense:
    def __init__(self, units, activation="linear", input_dim=None):
        self.units = units
        self.activation = ACTIVATIONS[activation]
        self.input_dim = input_dim

    def build(self, input_dim):
        self.kernel = np.random.uniform(-1, 1, (input_dim, self.units)) * np.sqrt(6 / (input_dim + self.units))
        self.bias = np.zeros(self.units)

    def call(self, inputs):
        self.inputs = inputs
        self.z = inputs @ self.kernel + self.bias
        return self.activation.f(self.z)

    def backprop(self, upstream):
        dz = upstream * self.activation.df(self.z)
        self.d_kernel = self.inputs.T @ dz
        self.d_bias = dz.sum(axis=0)
        return dz @ self.kernel.T


class SGD:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def apply(self, layer):
        layer.kernel -= self.learning_rate * layer.d_kernel
        layer.bias -= self.learning_rate * layer.d_bias


class Sequential:
    def __init__(self, layers=()):
        self.layers = list(layers)

    def add(self, layer):
        self.layers.append(layer)

    def compile(self, optimizer="sgd", loss="mse"):
        self.optimizer = SGD() if optimizer == "sgd" else optimizer
        self.loss = LOSSES[loss]()
        dim = self.layers[0].input_dim
        for layer in self.layers:
            layer.build(dim)
            dim = layer.units

    def predict(self, x):
        for layer in self.layers:
            x = layer.call(x)
        return x

    def train_on_batch(self, x, y):
        out = self.predict(x)
        value = self.loss(y, out)
        grad = self.loss.gradient(y, out)
        for layer in reversed(self.layers):
            grad = layer.backprop(grad)
        for layer in self.layers:
            self.optimizer.apply(layer)
        return value

    def fit(self, x, y, epochs=1, batch_size=32, verbose=1):
        history = []
        for epoch in range(epochs):
            order = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                history.append(self.train_on_batch(x[order[i:i + batch_size]], y[order[i:i + batch_size]]))
            if verbose:
                print(f"Epoch {epoch + 1}/{epochs} - loss: {history[-1]:.4f}")
        return history


if __name__ == "__main__":
    from sklearn.datasets import load_digits
    digits = load_digits()
    model = Sequential()
    model.add(Dense(32, activation="relu", input_dim=64))
    model.add(Dense(16, activation="tanh"))
    model.add(Dense(10))
    model.compile(optimizer=SGD(0.1), loss="categorical_crossentropy")
    model.fit(digits.data / 16, np.eye(10)[digits.target], epochs=20)
