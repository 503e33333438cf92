"""Containers opened, whatever they claim: nothing is extracted, followed or trusted, and budgets are kept."""
