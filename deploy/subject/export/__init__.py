"""Everything that is held on one person, store by store (GDPR Art. 15 and 20)."""
