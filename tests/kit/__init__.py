"""Stand-ins for servers, named for what they are, that fail on command."""
