"""Reading somebody's program: from its source to the subjects that diagnosis asks.

In the order of the data: source, keep (what is executed), imports, program · roles (what names suggest), places,
chain (which arrays are parameters), worlds, guessed, loops · calls, plan, fitting, describe, net, find_net ·
layer, find_layers,
find_optimizers, find_tools, general · examine (all of it), words.
"""
