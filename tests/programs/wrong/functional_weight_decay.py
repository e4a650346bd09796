import numpy as np

def relu(x):
    return x * (x > 0)

def objective(params, batch, targets, weight_decay):
    W0, b0, W1, b1 = params['W0'], params['b0'], params['W1'], params['b1']
    hidden = relu(batch @ W0 + b0)
    logits = hidden @ W1 + b1
    logits = logits - logits.max(-1, keepdims=True)
    logprobs = logits - np.log(np.sum(np.exp(logits), -1, keepdims=True))
    nll = -np.sum(targets * logprobs) / batch.shape[0]
    penalty = 0.5 * weight_decay * sum(np.sum(params[k] ** 2) for k in ('W0', 'W1'))
    return nll + penalty

def gradients(params, batch, targets, weight_decay):
    W0, b0, W1, b1 = params['W0'], params['b0'], params['W1'], params['b1']
    pre = batch @ W0 + b0
    hidden = relu(pre)
    logits = hidden @ W1 + b1
    probs = np.exp(logits - logits.max(-1, keepdims=True))
    probs = probs / probs.sum(-1, keepdims=True)
    dlogits = (probs - targets) / batch.shape[0]
    dhidden = dlogits @ W1.T
    dpre = np.where(pre > 0, dhidden, 0)
    return {'W0': batch.T @ dpre - weight_decay * W0, 'b0': dpre.sum(0),
            'W1': hidden.T @ dlogits - weight_decay * W1, 'b1': dlogits.sum(0)}
