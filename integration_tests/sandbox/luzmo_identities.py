"""The organisation, user and API token of the Luzmo sandbox."""

from sandbox.luzmo_objects import USER

SINCE = "2024-01-01T00:00:00.000Z"


class Identities:
    """One key with its token, of one user."""

    KEY = "3f1c7e52-9a64-4d0b-8f27-5b1de0c9a713"
    TOKEN = "sandbox-luzmo-token-1"

    def __init__(self, key=KEY, token=TOKEN):
        self.key = key
        self.token = token

    def know(self, body):
        """Whether a body carries the key and its token."""
        return body.get("key") == self.key and body.get("token") == self.token

    def rows(self, resource):
        """What a get on `authorization` or `user` chooses from. The token itself is not shown."""
        return [self.authorization()] if resource == "authorization" else [self.user()]

    def authorization(self):
        """Fields as documented; of tokens of type api only the one that asks is listed."""
        return {
            "id": self.key, "type": "api", "description": "Sandbox",
            "expiry": "9999-12-31T00:00:00.000Z", "inactivity_interval": 0, "ip": None,
            "securables": None, "filters": None, "screenmode": None, "width": None,
            "height": None, "user_id": USER, "locale_id": "en", "timezone_id": "Etc/UTC",
            "last_used_at": SINCE, "created_at": SINCE, "updated_at": SINCE, "deleted_at": None,
            "username": None, "name": None, "email": None, "metadata": None,
            "hidden_columns": None, "account_overrides": None, "parameter_overrides": None,
            "feature_overrides": None, "css": None, "suborganization": None, "role": None,
            "environment": None, "access": None}

    @staticmethod
    def user():
        """Fewer fields than Luzmo's."""
        return {
            "id": USER, "name": "Sandbox", "email": "sandbox@example.com",
            "created_at": SINCE, "updated_at": SINCE}
