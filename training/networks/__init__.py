"""Networks in Keras, and the conversion of their published weights."""
