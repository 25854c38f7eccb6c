"""No framework: a loop over a consumer's messages."""
