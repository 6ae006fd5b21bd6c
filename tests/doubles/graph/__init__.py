"""Microsoft Graph on loopback: a login host, and the incidents of one tenant with their alerts."""

from doubles.graph.server import CLIENT_ID, CLIENT_SECRET, TENANT, Graph, Modes
from doubles.graph.tenant import Tenant

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "TENANT", "Graph", "Modes", "Tenant"]
