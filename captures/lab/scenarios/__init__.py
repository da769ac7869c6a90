"""One module per family of faults; every function makes one capture."""
