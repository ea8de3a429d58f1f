"""Sandbox servers: stand-ins for the services the connectors write to, with scripted faults."""
