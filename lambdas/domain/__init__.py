"""Models, errors and rules: pure Python, without I/O and without AWS."""
