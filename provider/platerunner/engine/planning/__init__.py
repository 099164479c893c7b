"""What a step has to do: files listed, grouped into units, compared with what was done."""
