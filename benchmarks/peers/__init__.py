"""Other ways to serve the same Keras model, each written as its own documentation shows."""
