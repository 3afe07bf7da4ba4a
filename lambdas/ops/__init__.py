"""What runs by the clock: open requests for approval, campaigns whose execution was lost."""
