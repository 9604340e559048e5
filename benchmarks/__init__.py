"""What the gateway takes from a call, measured in one sitting beside its upstream: `python -m benchmarks`."""
