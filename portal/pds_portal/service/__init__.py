"""The customer's own PDS: its document from the backend with its secrets masked, and how far it has come."""
