"""What reviewers say about a post: read, carried out as far as the brief allows, and told back with its outcome."""
