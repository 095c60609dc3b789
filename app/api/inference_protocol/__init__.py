"""The Open Inference Protocol, version 2, over HTTP below /v2: for Triton's and KServe's clients.

body (bodies) -> message (messages) -> tensors (tensors) -> pictures (inference) -> answer
"""
