"""Reading somebody's program: from its source to the subjects that diagnosis asks.

In the order of the data: source, keep (what is executed), imports, program · roles (what names suggest), places,
chain (which arrays are parameters), worlds, guessed, loops, loop_data, loop_step, loop_program,
script_counts, script_steps, script_sequences (programs without functions) ·
calls, plan, fitting, describe, net, find_net ·
arrange, layer_formats, layer_arguments, layer, find_layers · cnn_worlds, cnn_fit, cnn, find_cnn,
cnn_parts · find_optimizers, general · examine (all of it), words.
Helpers: tool_names, tool_evidence, tool_calls (tool_ways, tool_functions, tool_initial, tool_stops, tool_loaders,
tool_models), find_tools, tool_net, tool_source, tool_parts.
"""
