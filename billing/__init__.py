"""Money: wallets, holds, caps, rates and the ledger. Knows neither tokens nor models."""
