"""What machines cost: from a lab's own file, else from AWS's Price List and its history of spot prices."""
