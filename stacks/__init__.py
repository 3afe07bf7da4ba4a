"""What AWS holds, one module for each concern."""
