"""The DAG file that Airflow parses: a DAG for every spec.

Specs are in the folder PLATERUNNER_DAG_SPECS, else in `dag_specs` beside or in this folder. What is wrong with specs is
shown by `platerunner_broken_specs.py`, which belongs beside this file.
"""

from platerunner.render import load_dags, specs_of

load_dags(specs_of(__file__), globals())
