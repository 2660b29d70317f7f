"""What tests of several folders act on."""
