"""What Airflow's database and a run's workspace know."""
