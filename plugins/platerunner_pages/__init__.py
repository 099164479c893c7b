"""Pages in Airflow: runs, plate maps, pipelines, quality control."""
