"""What is true of a duty's parties wherever they are told: in a pack, which is read without a database, or in rows."""

SOLE = ("handler", "lead", "owner", "contractor", "territory", "line_authority")
"""Roles of which a duty has one body: two of them in equally specific duties are a dispute."""
