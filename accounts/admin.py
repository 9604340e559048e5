"""Operators' view of users, organizations, projects and keys."""
