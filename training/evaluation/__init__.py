"""Pure functions of true classes and probabilities."""
