"""The demo's third act: the press. Public accounts from their applications on, and who got what they broadcast."""
