"""What a run would take and cost by the ledger, before it starts; and how that compares with a budget."""
