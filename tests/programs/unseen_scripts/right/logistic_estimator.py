import numpy as np


class LogisticRegressionGD:
    """Binary classifier trained with full batch gradient descent."""

    def __init__(self, learning_rate=0.05, n_iters=1000, verbose=False):
        self.learning_rate = learning_rate
        self.n_iters = n_iters
        self.verbose = verbose
        self.weights = None
        self.bias = None

    def _sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def fit(self, X, y):
        n_samples, n_features = X.shape

        # init parameters
        self.weights = np.zeros(n_features)
        self.bias = 0

        # gradient descent
        for i in range(self.n_iters):
            linear_model = np.dot(X, self.weights) + self.bias
            y_hat = self._sigmoid(linear_model)

            dw = (1 / n_samples) * np.dot(X.T, (y_hat - y))
            db = (1 / n_samples) * np.sum(y_hat - y)

            self.weights -= self.learning_rate * dw
            self.bias -= self.learning_rate * db

            if self.verbose and i % 100 == 0:
                print(i, self.accuracy(y, self.predict(X)))

    def predict(self, X):
        linear_model = np.dot(X, self.weights) + self.bias
        y_hat = self._sigmoid(linear_model)
        return np.array([1 if p > 0.5 else 0 for p in y_hat])

    @staticmethod
    def accuracy(y_true, y_pred):
        return np.sum(y_true == y_pred) / len(y_true)


if __name__ == "__main__":
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    X, y = datasets.load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=7)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)

    clf = LogisticRegressionGD(learning_rate=0.1, n_iters=2000, verbose=True)
    clf.fit((X_train - mean) / std, y_train)
    print("test accuracy:", clf.accuracy(y_test, clf.predict((X_test - mean) / std)))
