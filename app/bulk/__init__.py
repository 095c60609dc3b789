"""`python -m app classify`: from folders of pictures to one table, whatever interrupts it.

sources -> run -> rows -> row_file -> (parquet) -> sorting, review
"""
