"""What is wrong with specs, as the import error of this file, which has no DAG.

Airflow takes all DAGs of a file that has an import error for broken, and keeps no error that stands under another name.
"""

from platerunner.render import show_broken_specs, specs_of

show_broken_specs(specs_of(__file__))
