"""What users write in Python: tasks, flows, and functions that are flows."""
