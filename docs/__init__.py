"""What makes the documentation's outputs: none of them is written by hand."""
