"""Bundle in, report out: the only package that knows the other two."""
