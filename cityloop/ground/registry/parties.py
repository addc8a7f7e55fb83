"""What is true of a duty's parties wherever they are told: in a pack, which is read without a database, or in rows."""

SOLE = ("handler", "lead", "contractor", "owner", "territory", "line_authority")
"""Roles of which a duty has one body, in the order in which they act. Two bodies in equally specific duties are a
dispute. A duty that has none of these roles names who assists or looks on, and decides nothing."""
