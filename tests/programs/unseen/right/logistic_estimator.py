import numpy as np


class LogisticRegression:
    def __init__(self, lr=0.01, n_iters=1000, l2=0.0):
        self.lr = lr
        self.n_iters = n_iters
        self.l2 = l2
        self.weights = None
        self.bias = None
        self.losses = []

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights = np.zeros(n_features)
        self.bias = 0
        for _ in range(self.n_iters):
            y_hat = self._sigmoid(np.dot(X, self.weights) + self.bias)
            dw = (1 / n_samples) * np.dot(X.T, (y_hat - y)) + self.l2 * self.weights
            db = (1 / n_samples) * np.sum(y_hat - y)
            self.weights -= self.lr * dw
            self.bias -= self.lr * db
            self.losses.append(self._loss(y, y_hat))
        return self

    def predict_proba(self, X):
        return self._sigmoid(np.dot(X, self.weights) + self.bias)

    def predict(self, X):
        return [1 if p > 0.5 else 0 for p in self.predict_proba(X)]

    def _loss(self, y, y_hat):
        return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)) + 0.5 * self.l2 * np.sum(self.weights ** 2)

    def _sigmoid(self, x):
        return 1 / (1 + np.exp(-x))


if __name__ == "__main__":
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    bc = datasets.load_breast_cancer()
    X_train, X_test, y_train, y_test = train_test_split(bc.data, bc.target, test_size=0.2, random_state=1234)
    clf = LogisticRegression(lr=0.0001, n_iters=1000)
    clf.fit(X_train, y_train)
    print("accuracy", np.mean(clf.predict(X_test) == y_test))
