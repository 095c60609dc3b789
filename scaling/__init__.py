"""One service and one folder on many machines, by Ray (extra `scale`).

serve.py is the application of `app` on Ray Serve; classify.py makes the rows of
`python -m app classify` by Ray Data.
"""
