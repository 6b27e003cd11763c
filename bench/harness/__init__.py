"""What `bench/run.py` measures with: processes, the origin, the load, the rows, the report."""
