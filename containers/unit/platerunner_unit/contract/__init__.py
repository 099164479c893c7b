"""What the container and the Airflow worker share: manifest, evidence, verdict, outcome, patterns, storage."""
