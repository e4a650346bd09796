import numpy as np


class HingeNet(object):
    """ two-layer net, multiclass SVM loss """

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        self.params['W1'] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params['b1'] = np.zeros(hidden_dim)
        self.params['W2'] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params['b2'] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        X = X.reshape(X.shape[0], -1)
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores

        N = X.shape[0]
        correct = scores[np.arange(N), y]
        margins = np.maximum(0, scores - correct[:, np.newaxis] + 1.0)
        margins[np.arange(N), y] = 0
        loss = np.sum(margins) / N
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

        num_pos = np.sum(margins > 0, axis=1)
        dscores = np.zeros_like(scores)
        dscores[margins > 0] = 1
        dscores[np.arange(N), y] -= num_pos
        dscores /= N

        grads = {}
        grads['W2'] = hidden.T.dot(dscores) + self.reg * W2
        grads['b2'] = np.sum(dscores, axis=0)
        dhidden = dscores.dot(W2.T)
        dhidden[hidden <= 0] = 0
        grads['W1'] = X.T.dot(dhidden) + self.reg * W1
        grads['b1'] = np.sum(dhidden, axis=0)
        return loss, grads
