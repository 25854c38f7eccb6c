"""How two sides agree on a policy: keys, proposals, signatures, and making it known."""
