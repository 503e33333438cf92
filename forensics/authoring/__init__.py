"""For those who write patterns: drafts, examples, plans and explanations."""
