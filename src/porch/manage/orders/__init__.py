"""ORDERS: what operators say beside the file: told to all workers, kept on disk, undone by name."""
