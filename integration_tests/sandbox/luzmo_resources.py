"""The actions on securables, columns and tags besides get."""

from sandbox import luzmo_properties
from sandbox.luzmo_objects import Column, Securable, Tag
from sandbox.luzmo_request import ApiError, bad_request, not_found
from sandbox.server import Reply, json_reply


class ResourceActions:
    """For a service with `store` and `settings`. An action gets the Request and the time."""

    def create(self, kind, request, at_ms):
        """A new object with its associations, all or nothing."""
        properties = request.properties()
        luzmo_properties.check(kind.MODEL, properties, creating=True)
        if kind is Tag:
            self.check_unique(properties["tag"], None)
        partners = [self.partner(kind, *one) for one in request.associations()]
        properties.pop("update_metadata", None)
        one = kind.new(at_ms, **properties)
        lag_ms = self.settings.tag_lag_ms if kind is Tag else self.settings.dataset_lag_ms
        one.shown_ms = at_ms + lag_ms
        self.store.put(one)
        for partner in partners:
            self.connect(one, partner, at_ms)
        return json_reply(one.to_json(at_ms))

    def validate(self, kind, request, at_ms):
        """Whether these properties could be set; how wrong ones are told is not known."""
        del at_ms
        luzmo_properties.check(kind.MODEL, request.properties(), creating=False)
        return json_reply(True)

    def update(self, kind, request, at_ms):
        one = self.one_of(kind.MODEL, request.text("id"))
        properties = request.properties()
        luzmo_properties.check(kind.MODEL, properties, creating=False)
        if kind is Tag and "tag" in properties:
            self.check_unique(properties["tag"], one)
        if kind is Column:
            luzmo_properties.check_unchangeable(one, properties)
        properties.pop("update_metadata", None)
        self.store.change(one, at_ms, **properties)
        return json_reply(one.to_json(at_ms))

    def delete(self, kind, request, at_ms):
        """The reply has no body."""
        del at_ms
        self.store.delete(self.one_of(kind.MODEL, request.text("id")))
        return Reply(204, b"", None)

    def associate(self, kind, request, at_ms):
        one = self.one_of(kind.MODEL, request.text("id"))
        self.connect(one, self.partner(kind, *request.other()), at_ms)
        return json_reply(one.to_json(at_ms))

    def dissociate(self, kind, request, at_ms):
        one = self.one_of(kind.MODEL, request.text("id"))
        self.disconnect(one, self.partner(kind, *request.other()), at_ms)
        return json_reply(one.to_json(at_ms))

    # Parts of them

    def one_of(self, model, identity):
        """An object by its id."""
        one = self.store.of(model).get(identity)
        if one is None:
            raise not_found(model, identity)
        return one

    def check_unique(self, text, tag):
        """A tag is unique; how Luzmo says so is not known."""
        if self.store.tag_named(text) not in (None, tag):
            raise ApiError(
                int(self.settings.duplicate_tag), "Validation failed: tag must be unique",
                {"tag": ["must be unique"]})

    def partner(self, kind, model, identity):
        """The other side of an association."""
        pair = {kind.MODEL, model}
        if pair not in ({"Securable", "Tag"}, {"Securable", "Column"}):
            raise bad_request(f"{kind.MODEL} and {model} cannot be associated")
        return self.one_of(model, identity)

    def connect(self, one, other, at_ms):
        """Associate, in whichever direction it was asked for."""
        securable, member = (one, other) if isinstance(one, Securable) else (other, one)
        is_tag = isinstance(member, Tag)
        there = securable.id in member.links if is_tag else member in securable.columns
        if there:
            if self.settings.associate_twice == "400":
                raise bad_request("The association exists already")
        elif is_tag:
            self.store.link(member, securable, at_ms, self.settings.tag_lag_ms)
        else:
            self.store.join(member, securable, at_ms)

    def disconnect(self, one, other, at_ms):
        """The reverse."""
        securable, member = (one, other) if isinstance(one, Securable) else (other, one)
        is_tag = isinstance(member, Tag)
        there = securable.id in member.links if is_tag else member in securable.columns
        if not there:
            if self.settings.dissociate_missing == "404":
                raise ApiError(404, "There is no such association")
        elif is_tag:
            self.store.unlink(member, securable, at_ms + self.settings.tag_lag_ms)
        else:
            self.store.leave(member)
            self.store.change(member, at_ms, securable_id=None)
