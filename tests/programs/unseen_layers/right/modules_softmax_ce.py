"""
This module implements various modules of the network.
You should fill in code into indicated sections.
"""
import numpy as np


class LinearModule(object):
    """
    Linear module. Applies a linear transformation to the input data.
    """

    def __init__(self, in_features, out_features, input_layer=False):
        std = np.sqrt((1.0 if input_layer else 2.0) / in_features)
        self.params = {
            'weight': np.random.normal(0, std, size=(out_features, in_features)),
            'bias': np.zeros((1, out_features)),
        }
        self.grads = {
            'weight': np.zeros((out_features, in_features)),
            'bias': np.zeros((1, out_features)),
        }

    def forward(self, x):
        self.x = x
        out = x @ self.params['weight'].T + self.params['bias']
        return out

    def backward(self, dout):
        self.grads['weight'] = dout.T @ self.x
        self.grads['bias'] = dout.sum(axis=0, keepdims=True)
        dx = dout @ self.params['weight']
        return dx

    def clear_cache(self):
        self.x = None


class ELUModule(object):
    """
    ELU activation module.
    """

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        out = np.where(x > 0, x, self.alpha * (np.exp(x) - 1))
        return out

    def backward(self, dout):
        dx = dout * np.where(self.x > 0, 1, self.alpha * np.exp(self.x))
        return dx

    def clear_cache(self):
        self.x = None


class SoftMaxModule(object):
    """
    Softmax activation module.
    """

    def forward(self, x):
        b = np.max(x, axis=1, keepdims=True)
        y = np.exp(x - b)
        out = y / y.sum(axis=1, keepdims=True)
        self.out = out
        return out

    def backward(self, dout):
        dx = self.out * (dout - np.sum(dout * self.out, axis=1, keepdims=True))
        return dx

    def clear_cache(self):
        self.out = None


class CrossEntropyModule(object):
    """
    Cross entropy loss module.
    """

    def forward(self, x, y):
        S = x.shape[0]
        onehot = np.zeros(x.shape)
        onehot[np.arange(S), y] = 1
        out = -np.sum(onehot * np.log(x)) / S
        return out

    def backward(self, x, y):
        S = x.shape[0]
        onehot = np.zeros(x.shape)
        onehot[np.arange(S), y] = 1
        dx = -(onehot / x) / S
        return dx


class MLP(object):
    """
    Multi-layer perceptron: n_inputs, list of hidden units, n_classes.
    """

    def __init__(self, n_inputs, n_hidden, n_classes):
        self.layers = []
        dims = [n_inputs] + n_hidden
        for i in range(len(n_hidden)):
            self.layers.append(LinearModule(dims[i], dims[i + 1], input_layer=(i == 0)))
            self.layers.append(ELUModule())
        self.layers.append(LinearModule(dims[-1], n_classes))
        self.layers.append(SoftMaxModule())

    def forward(self, x):
        x = x.reshape(x.shape[0], -1)
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in self.layers[::-1]:
            dout = layer.backward(dout)

    def clear_cache(self):
        for layer in self.layers:
            layer.clear_cache()


def train_step(model, loss_module, x, y, lr):
    out = model.forward(x)
    loss = loss_module.forward(out, y)
    model.backward(loss_module.backward(out, y))
    for layer in model.layers:
        if hasattr(layer, 'params'):
            layer.params['weight'] -= lr * layer.grads['weight']
            layer.params['bias'] -= lr * layer.grads['bias']
    return loss
