"""Public reads of the data plane's facts: models with prices, and the receipt of one call."""

from ninja import NinjaAPI

api = NinjaAPI(title="CloudAPI", version="1", docs_url="/docs/api", openapi_url="/docs/api/openapi.json")
