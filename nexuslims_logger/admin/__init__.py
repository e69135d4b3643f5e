"""Commands for the DBA and the facility manager."""
