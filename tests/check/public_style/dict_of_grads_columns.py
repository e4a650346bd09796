import numpy as np

def init(layers):
    params = {}
    for l in range(1, len(layers)):
        params['W%d' % l] = np.random.randn(layers[l], layers[l-1]) * 0.01
        params['b%d' % l] = np.zeros((layers[l], 1))
    return params

def sigmoid(z): return 1/(1+np.exp(-z))

def forward_prop(X, params):
    cache = {'A0': X}
    L = len(params)//2
    for l in range(1, L+1):
        cache['Z%d' % l] = params['W%d' % l] @ cache['A%d' % (l-1)] + params['b%d' % l]
        cache['A%d' % l] = sigmoid(cache['Z%d' % l])
    return cache['A%d' % L], cache

def cost(AL, Y):
    m = Y.shape[1]
    return 1/(2*m)*np.sum((AL - Y)**2)

def back_prop(params, cache, AL, Y):
    m = Y.shape[1]
    L = len(params)//2
    grads = {}
    dA = (AL - Y)/m
    for l in reversed(range(1, L+1)):
        A = cache['A%d' % l]
        dZ = dA*A*(1-A)
        grads['dW%d' % l] = dZ @ cache['A%d' % (l-1)].T
        grads['db%d' % l] = dZ.sum(axis=1, keepdims=True)
        dA = params['W%d' % l].T @ dZ
    return grads
