"""How the rows that a pattern asks for are found, joined and put in order."""
