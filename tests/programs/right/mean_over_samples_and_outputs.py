import numpy as np

# autoencoder-ish: output as many as we like, sigmoid, MSE = np.mean((y - t)**2)

def sgm(x):
    return 1.0 / (1.0 + np.exp(-x))

def net(x, We, be, Wd, bd):
    code = sgm(x @ We + be)
    return code, sgm(code @ Wd + bd)

def mse(x, t, We, be, Wd, bd):
    return np.mean((net(x, We, be, Wd, bd)[1] - t) ** 2)

def mse_grads(x, t, We, be, Wd, bd):
    code, y = net(x, We, be, Wd, bd)
    dy = 2.0 * (y - t) / t.size
    dd = dy * y * (1.0 - y)
    gWd = code.T @ dd
    gbd = np.sum(dd, 0)
    dc = (dd @ Wd.T) * code * (1.0 - code)
    gWe = x.T @ dc
    gbe = np.sum(dc, 0)
    loss = np.mean((y - t) ** 2)
    return loss, {"We": gWe, "be": gbe, "Wd": gWd, "bd": gbd}
