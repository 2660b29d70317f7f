"""``pds-operator import``: customers from before the operator, known by a row alone, get their resource.

It deploys nothing and adopts nothing. It reserves each customer's hostname and makes their resource, with the service's
id in the annotation that a person would use; the operator adopts it as it does any other, and deploys nothing for as
long as the annotation is there, whatever becomes of the row.
"""
