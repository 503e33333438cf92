"""What other tools need for a part of the work, each on a few megabytes; absent ones are skipped."""
