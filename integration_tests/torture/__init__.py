"""A campaign of faults against the connectors; see campaign.py, and `make torture`."""
