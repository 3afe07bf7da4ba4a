"""A copywriter that needs no network: deterministic, fast, and good enough for a first draft."""
