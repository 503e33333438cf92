"""What people read without a bundle: trees, the knowledge base, what to collect."""
