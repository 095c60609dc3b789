"""The service: loads models from models_store and tells when a picture was painted."""

__version__ = "0.1.0"
