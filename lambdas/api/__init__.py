"""What the outside calls: the REST API, its authorizer, the reviewers' pages, the direct invocation."""
