"""What hutong promises (docs/COMPLIANCE.md), one file a promise."""
