"""The workflow as a CDK chain, and its diagrams."""
