"""Everything that is received, stored and returned, as frozen models with camelCase names in JSON."""
