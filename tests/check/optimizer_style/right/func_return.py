import numpy as np
def sgd(theta, grad, lr=0.1):
    return theta - lr * grad
def momentum(theta, grad, velocity, lr=0.01, gamma=0.9):
    velocity = gamma * velocity + lr * grad
    theta = theta - velocity
    return theta, velocity
def adagrad(theta, grad, G, lr=0.01, eps=1e-8):
    G = G + grad ** 2
    theta = theta - lr * grad / (np.sqrt(G) + eps)
    return theta, G
def adadelta(theta, grad, Eg, Ex, rho=0.95, eps=1e-6):
    Eg = rho * Eg + (1 - rho) * grad ** 2
    dx = -np.sqrt(Ex + eps) / np.sqrt(Eg + eps) * grad
    Ex = rho * Ex + (1 - rho) * dx ** 2
    return theta + dx, Eg, Ex
