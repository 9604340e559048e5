"""Papers of an organization's money: receipts of top-ups, monthly statements, acts of services.

Figures are read once (books.py), frozen with the names of both parties when a paper is issued (issue.py), and
drawn from that row alone ever after: pages_*.py make PDF, sheets.py CSV.
"""
