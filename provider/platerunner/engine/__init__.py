"""What runs a pipeline: planning, records, steps, gates. Imports no Airflow."""
