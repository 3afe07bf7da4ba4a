"""The planner and the generator: each exports ``run``, answers in one form and never raises."""
