"""The DAG that merges every day what ledgers got the day before, for Athena and for who asks on a laptop."""

from platerunner.render import ledger_merge_dag, specs_of

dag = ledger_merge_dag(specs_of(__file__))
