import numpy as np
import struct, os

class NN():
    def __init__(self):
        self.layers = [784, 100, 10]
        self.w = [np.random.randn(a, b) * np.sqrt(1. / a) for a, b in zip(self.layers[:-1], self.layers[1:])]
        self.b = [np.random.randn(b) * 0.1 for b in self.layers[1:]]

    def relu(self, x): return np.where(x > 0, x, 0)
    def drelu(self, x): return np.where(x > 0, 1., 0.)

    def softmax(self, x):
        x = x - x.max(axis=1)[:, np.newaxis]
        return np.exp(x) / np.exp(x).sum(axis=1)[:, np.newaxis]

    def forward(self, x):
        zs = []
        activations = [x]
        z = np.dot(x, self.w[0]) + self.b[0]
        zs.append(z)
        activations.append(self.relu(z))
        z = np.dot(activations[-1], self.w[1]) + self.b[1]
        zs.append(z)
        activations.append(self.softmax(z))
        return zs, activations

    def backprop(self, x, y):
        zs, activations = self.forward(x)
        grad_w, grad_b = [None, None], [None, None]
        delta = (activations[-1] - y) / y.shape[0]
        grad_w[1] = np.dot(activations[1].T, delta)
        grad_b[1] = np.sum(delta, axis=0)
        delta = np.dot(delta, self.w[1].T) * self.drelu(zs[0])
        grad_w[0] = np.dot(x.T, delta)
        grad_b[0] = np.sum(delta, axis=0)
        return grad_w, grad_b


def load_mnist(path, kind='train'):
    labels_path = os.path.join(path, '%s-labels-idx1-ubyte' % kind)
    images_path = os.path.join(path, '%s-images-idx3-ubyte' % kind)
    with open(labels_path, 'rb') as lbpath:
        struct.unpack('>II', lbpath.read(8))
        labels = np.fromfile(lbpath, dtype=np.uint8)
    with open(images_path, 'rb') as imgpath:
        struct.unpack(">IIII", imgpath.read(16))
        images = np.fromfile(imgpath, dtype=np.uint8).reshape(len(labels), 784)
    return images, labels

X_train, y_train = load_mnist('data/', kind='train')
X_train = X_train / 255
Y_train = np.eye(10)[y_train]
net = NN()
for e in range(30):
    for k in range(0, 60000, 100):
        gw, gb = net.backprop(X_train[k:k+100], Y_train[k:k+100])
        net.w = [w - 0.1 * g for w, g in zip(net.w, gw)]
        net.b = [b - 0.1 * g for b, g in zip(net.b, gb)]
    print(e, np.mean(net.forward(X_train)[1][-1].argmax(1) == y_train))
