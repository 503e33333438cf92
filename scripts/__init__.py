"""What makes the releases and the pages; not part of the product."""
