"""Everything that is called from outside: the REST API, its authorizer, the reviewers' pages, the direct invocation."""
