"""What becomes of lines before and after they are parsed: masked, packed, counted once, kept for the next command."""
