"""What the pages show, made of what is known: pure functions of the service document and the customer's rows."""
