"""The steps of the workflow BUILD, one for each state that calls a Lambda."""
