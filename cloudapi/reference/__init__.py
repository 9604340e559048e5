"""/docs/api: the OpenAPI document as a page of the site's own, drawn on the server.

fields.py and operations.py read the document, samples.py writes calls, drawing.py and views.py make the page.
"""
