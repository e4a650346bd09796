import numpy as np


class ThreeLayerNet(object):
    """
    affine - relu - affine - relu - affine - softmax.

    W1: First layer weights; has shape (D, H1)
    b1: First layer biases; has shape (H1,)
    W2: Second layer weights; has shape (H1, H2)
    W3: (H2, C)
    """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dims=(100, 50), num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        h1, h2 = hidden_dims
        self.params["W1"] = weight_scale * np.random.randn(input_dim, h1)
        self.params["b1"] = np.zeros(h1)
        self.params["W2"] = weight_scale * np.random.randn(h1, h2)
        self.params["b2"] = np.zeros(h2)
        self.params["W3"] = weight_scale * np.random.randn(h2, num_classes)
        self.params["b3"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        """
        If y is None, returns scores of shape (N, C). Otherwise a tuple of loss and a
        dictionary of gradients with the same keys as self.params.
        """
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        W3, b3 = self.params["W3"], self.params["b3"]
        N = X.shape[0]

        hidden1 = np.maximum(0, X.dot(W1) + b1)
        hidden2 = np.maximum(0, hidden1.dot(W2) + b2)
        scores = hidden2.dot(W3) + b3
        if y is None:
            return scores

        shifted = scores - np.max(scores, axis=1, keepdims=True)
        logprobs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        loss = -np.sum(logprobs[np.arange(N), y]) / N
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2) + np.sum(W3 * W3))

        grads = {}
        dscores = np.exp(logprobs)
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads["W3"] = hidden2.T.dot(dscores) + self.reg * W3
        grads["b3"] = np.sum(dscores, axis=0)
        dhidden2 = dscores.dot(W3.T)
        dhidden2[hidden2 <= 0] = 0
        grads["W2"] = hidden1.T.dot(dhidden2) + self.reg * W2
        grads["b2"] = np.sum(dhidden2, axis=0)
        dhidden1 = dhidden2.dot(W2.T)
        dhidden1[hidden1 <= 0] = 0
        grads["W1"] = X.T.dot(dhidden1) + self.reg * W1
        grads["b1"] = np.sum(dhidden1, axis=0)
        return loss, grads

    def train(self, X, y, learning_rate=1e-3, num_iters=100, batch_size=200, verbose=False):
        num_train = X.shape[0]
        loss_history = []
        for it in range(num_iters):
            idx = np.random.choice(num_train, batch_size, replace=True)
            loss, grads = self.loss(X[idx], y=y[idx])
            loss_history.append(loss)
            for name in self.params:
                self.params[name] -= learning_rate * grads[name]
            if verbose and it % 100 == 0:
                print("iteration %d / %d: loss %f" % (it, num_iters, loss))
        return loss_history

    def predict(self, X):
        return np.argmax(self.loss(X), axis=1)
