"""The execution graph: a workflow's definition and its history, folded into one graph."""
