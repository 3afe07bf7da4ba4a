"""What runs on an event of another service: what became of a mail."""
