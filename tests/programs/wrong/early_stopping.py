import numpy as np

def copy_weights(weights):
    """keep the best weights so far (dict of arrays)"""
    best = {}
    for key in weights:
        best[key] = weights[key]
    return best

class EarlyStopping:
    def __init__(self, patience=5):
        self.patience = patience
        self.best_loss = np.inf
        self.best_weights = None
        self.waited = 0

    def should_stop(self, val_loss, weights):
        if val_loss < self.best_loss:
            self.best_loss = val_loss
            self.best_weights = copy_weights(weights)
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience
