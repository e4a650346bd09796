import numpy as np

def init_params(nx, nh, ny):
    return dict(Wx=np.random.randn(nx, nh) * .1, bx=np.zeros((1, nh)), Wy=np.random.randn(nh, ny) * .1, by=np.zeros((1, ny)))

def forward(params, X):
    h = np.tanh(np.dot(X, params['Wx']) + params['bx'])
    ytilde = np.dot(h, params['Wy']) + params['by']
    yhat = np.exp(ytilde)
    yhat = yhat / np.sum(yhat, axis=1, keepdims=True)
    outputs = {'X': X, 'h': h, 'ytilde': ytilde, 'yhat': yhat}
    return yhat, outputs

def loss_accuracy(Yhat, Y):
    L = -np.mean(np.sum(Y * np.log(Yhat), axis=1))
    acc = np.mean(np.argmax(Yhat, axis=1) == np.argmax(Y, axis=1))
    return L, acc

def backward(params, outputs, Y):
    n = Y.shape[0]
    grads = {}
    deltay = outputs['yhat'] - Y
    grads['Wy'] = np.dot(outputs['h'].T, deltay) / n
    grads['by'] = np.sum(deltay, axis=0, keepdims=True) / n
    deltah = np.dot(deltay, params['Wy'].T) * (1 - outputs['h'] ** 2)
    grads['Wx'] = np.dot(outputs['X'].T, deltah) / n
    grads['bx'] = np.sum(deltah, axis=0, keepdims=True) / n
    return grads

def sgd(params, grads, eta):
    for k in params.keys():
        params[k] = params[k] - eta * grads[k]
    return params
