"""The planner and the generator: each exports ``run``, which returns a result or an error in one format and never
raises."""
