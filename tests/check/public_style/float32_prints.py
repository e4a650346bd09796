import numpy as np

def build(d, h, c):
    return {'w1': np.random.randn(d, h).astype('float32') * .1, 'b1': np.zeros((1, h), 'float32'),
            'w2': np.random.randn(h, c).astype('float32') * .1, 'b2': np.zeros((1, c), 'float32')}

def net_forward(model, x):
    x = np.asarray(x, dtype=np.float32)
    print('forward', x.shape)
    z1 = np.dot(x, model['w1']) + model['b1']
    h1 = np.where(z1 > 0, z1, 0)
    z2 = np.dot(h1, model['w2']) + model['b2']
    z2 = z2 - z2.max(axis=1, keepdims=True)
    probs = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
    return probs, {'x': x, 'z1': z1, 'h1': h1}

def net_backward(model, cache, probs, target):
    n = np.float32(target.shape[0])
    dz2 = (probs - target) / n
    grads = {}
    grads['w2'] = np.dot(cache['h1'].T, dz2)
    grads['b2'] = dz2.sum(axis=0, keepdims=True)
    dz1 = np.dot(dz2, model['w2'].T)
    dz1[cache['z1'] <= 0] = 0
    grads['w1'] = np.dot(cache['x'].T, dz1)
    grads['b1'] = dz1.sum(axis=0, keepdims=True)
    print('grads done')
    return grads

def never_used(x):
    return not_defined_anywhere(x) + typo
