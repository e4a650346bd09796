"""Denoising autoencoder for 8x8 digits. One hidden layer, tied weights are NOT used."""
import argparse

import numpy as np


class Autoencoder:
    def __init__(self, n_visible, n_hidden, learning_rate=0.5, corruption=0.3, batch_size=20, n_epochs=30, seed=123):
        self.n_visible = n_visible
        self.n_hidden = n_hidden
        self.lr = learning_rate
        self.corruption = corruption
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.rng = np.random.RandomState(seed)
        limit = 4 * np.sqrt(6. / (n_hidden + n_visible))
        self.W_enc = self.rng.uniform(-limit, limit, size=(n_visible, n_hidden))
        self.b_enc = np.zeros(n_hidden)
        self.W_dec = self.rng.uniform(-limit, limit, size=(n_hidden, n_visible))
        self.b_dec = np.zeros(n_visible)

    @staticmethod
    def _sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    def encode(self, X):
        return self._sigmoid(X @ self.W_enc + self.b_enc)

    def decode(self, H):
        return self._sigmoid(H @ self.W_dec + self.b_dec)

    def corrupt(self, X):
        return X * self.rng.binomial(1, 1 - self.corruption, size=X.shape)

    def reconstruction_error(self, X):
        Z = self.decode(self.encode(X))
        return np.mean(-np.sum(X * np.log(Z) + (1 - X) * np.log(1 - Z), axis=1))

    def fit(self, X):
        n = X.shape[0]
        self.errors_ = []
        for epoch in range(self.n_epochs):
            order = self.rng.permutation(n)
            for start in range(0, n, self.batch_size):
                batch = X[order[start:start + self.batch_size]]
                noisy = self.corrupt(batch)
                hidden = self.encode(noisy)
                output = self.decode(hidden)

                m = batch.shape[0]
                delta_out = (output - batch) / m
                delta_hidden = (delta_out @ self.W_dec.T) * hidden * (1 - hidden)

                self.W_dec -= self.lr * (hidden.T @ delta_out)
                self.b_dec -= self.lr * delta_out.sum(axis=0)
                self.W_enc -= self.lr * (noisy.T @ delta_hidden)
                self.b_enc -= self.lr * delta_hidden.sum(axis=0)
            self.errors_.append(self.reconstruction_error(X))
            print("epoch %3d  error %.4f" % (epoch + 1, self.errors_[-1]))
        return self

    def transform(self, X):
        return self.encode(X)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args()

    from sklearn.datasets import load_digits
    X = load_digits().data / 16.0
    model = Autoencoder(X.shape[1], args.hidden, n_epochs=args.epochs)
    model.fit(X)
    codes = model.transform(X)
    print(codes.shape)


if __name__ == "__main__":
    main()
