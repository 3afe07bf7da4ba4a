"""The AWS resources, one module for each concern."""
