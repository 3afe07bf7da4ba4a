"""Models, errors and rules: pure, without I/O and without AWS."""
