"""The execution graph: a workflow's definition combined with one execution's history."""
