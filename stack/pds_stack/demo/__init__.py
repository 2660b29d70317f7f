"""The main road once, from a signed checkout to a running PDS, on the local stack."""
