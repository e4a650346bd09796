# expect: optimizer_state_shared

import numpy as np
def adam(w, dw, lr=0.001, state={}):
    state['t'] = state.get('t', 0) + 1
    state['m'] = 0.9 * state.get('m', 0) + 0.1 * dw
    state['v'] = 0.999 * state.get('v', 0) + 0.001 * dw ** 2
    mh = state['m'] / (1 - 0.9 ** state['t'])
    vh = state['v'] / (1 - 0.999 ** state['t'])
    return w - lr * mh / (np.sqrt(vh) + 1e-8)
