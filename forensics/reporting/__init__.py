"""The forms of a report, all made from the one document."""
