import numpy as np

# everything with samples in COLUMNS

def softmax(Z):
    expZ = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return expZ / expZ.sum(axis=0, keepdims=True)

def convert_to_one_hot(Y, C):
    Y = np.eye(C)[Y.reshape(-1)].T
    return Y

def get_accuracy(predictions, Y):
    return np.sum(np.argmax(predictions, 0) == Y) / Y.size
