"""A service whose data is in a store with a journal (see journal.py)."""

from sandbox.server import Service, json_reply


class StoredService(Service):
    """Start, stop and reset, and the control endpoints: each is a method control_{name}(call) that
    returns JSON. What is not in the store is forgotten by the service's own `forget()`."""

    def __init__(self, settings, identities, store):
        self.settings = settings
        self.first_settings = dict(vars(settings))
        self.identities = identities
        self.store = store
        self.forget()

    def forget(self):
        """What is not in the store starts from nothing."""
        raise NotImplementedError

    def start(self):
        self.store.load()

    def stop(self):
        self.store.journal.close()

    def reset(self):
        self.settings.change(self.first_settings)
        self.store.clear()
        self.forget()

    @property
    def latency_ms(self):
        return self.settings.latency_ms

    async def control(self, call, name):
        endpoint = getattr(self, "control_" + name, None)
        if endpoint is None:
            return None
        reply = endpoint(call)
        await self.store.journal.durable()
        return json_reply(reply)
