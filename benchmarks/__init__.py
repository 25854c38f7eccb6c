"""Measurements that answer a question about the product. They may import all of it; it imports none
of them."""
