"""What is sent, stored and answered, as frozen models with camelCase on the wire."""
