"""What customers are told: found (watch), written down once (outbox), put into words and sent (post)."""
