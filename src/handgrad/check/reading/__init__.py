"""Reading somebody's program: from its source to the subjects that diagnosis asks.

In the order of the data: source, keep (what is executed), imports, program · roles (what names suggest), places,
chain (which arrays are parameters), worlds, guessed · loops (programs without functions) · calls, plan, fitting,
describe, net, find_net · callers, initial_weights, dropout, slopes (what is asked beside the net) · layers, cnns,
optimizers, tools (helpers), general · examine (all of it), words.
"""
