"""What Samara's host tools share: nothing here ships in the product, and only Python's own library is needed."""
