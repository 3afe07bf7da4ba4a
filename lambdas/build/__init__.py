"""The steps of the workflow BUILD: one module for each state that calls a Lambda."""
