"""The DAG that takes away every day what has been kept long enough, as `retention` of the connection says."""

from platerunner.render import retention_dag, specs_of

dag = retention_dag(specs_of(__file__))
