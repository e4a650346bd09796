import numpy as np

def evaluate_accuracy(predictions, labels):
    """predictions: class scores (N, 10), labels (N, 1) as loaded from the mat file or (N,)"""
    guessed = predictions.argmax(axis=1)[:, np.newaxis]
    return (guessed == labels).mean()

def get_batch(X, y, size):
    np.random.seed(0)
    pick = np.random.choice(len(X), size, replace=False)
    return X[pick], y[pick]

def init_weights(fan_in, fan_out):
    # Xavier: variance 2/(in + out)
    variance = 2.0 / (fan_in + fan_out)
    return np.random.normal(0.0, variance, (fan_in, fan_out))
