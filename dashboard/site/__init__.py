"""The site's own pages: landing, models, a model, status, contact, legal texts."""
