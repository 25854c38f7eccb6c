"""Long runs: a server away for minutes, and half an hour under load, with the memory of every
process. The product knows nothing of this."""
