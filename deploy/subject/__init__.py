"""What is done for one person: everything that is held on them, and its erasure."""
