"""Provider credentials at rest are sealed as all secrets are."""

from accounts.seals import seal, unseal, unseal_or_none

__all__ = ["seal", "unseal", "unseal_or_none"]
