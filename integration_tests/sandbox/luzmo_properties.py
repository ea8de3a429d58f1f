"""The properties of create and update, field by field: what each may be.

Unknown properties are refused; Luzmo may ignore them.
"""

import json

from sandbox.luzmo_request import ApiError, invalid

MAX_METADATA_BYTES = 65_536  # documented
TYPES = ("numeric", "datetime", "hierarchy", "spatial", "array[numeric]", "array[datetime]",
         "array[hierarchy]")
SUBTYPES = ("topography", "coordinates", "currency", "duration", "date", "datetime", "ip_address")


def text(value):
    return None if isinstance(value, str) else "must be a text"


def filled(value):
    return None if isinstance(value, str) and value else "must be a text that is not empty"


def boolean(value):
    return None if isinstance(value, bool) else "must be true or false"


def whole(value):
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return None if is_whole else "must be a whole number"


def anything(value):
    del value


def localized(value):
    """{"en": "text", ...}"""
    if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
        return None
    return "Invalid localized string"


def metadata(value):
    if not isinstance(value, dict):
        return "must be an object"
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"))
    return None if size <= MAX_METADATA_BYTES else f"exceeds {MAX_METADATA_BYTES} bytes"


def one_of(*choices):
    """A text of a list."""
    def check(value):
        return None if value in choices else f"must be one of {', '.join(choices)}"
    return check


def nullable(check):
    def check_or_null(value):
        return None if value is None else check(value)
    return check_or_null


SECURABLE = {
    "type": one_of("dataset", "dashboard"), "subtype": nullable(text), "name": localized,
    "description": nullable(localized), "subtitle": nullable(localized), "contents": anything,
    "css": nullable(text), "featured": boolean, "source_dataset": nullable(text),
    "source_sheet": nullable(text), "source_query": nullable(text), "transformation": anything,
    "cache": whole, "update_metadata": boolean, "meta_sync_interval": whole,
    "meta_sync_inherit": boolean, "meta_sync_enabled": boolean,
    "custom_metadata": nullable(metadata)}
COLUMN = {
    "order": whole, "name": localized, "description": nullable(localized), "source_name": text,
    "type": one_of(*TYPES), "subtype": nullable(one_of(*SUBTYPES)), "format": nullable(text),
    "informat": nullable(text), "color": text, "prefix": nullable(text),
    "suffix": nullable(text), "isLabel": boolean, "lowestLevel": whole, "highestLevel": whole,
    "expression": anything, "width": whole, "colors_enabled": boolean,
    "hierarchy_enabled": boolean, "ordering_enabled": boolean, "aggregation_type": text,
    "currency_id": nullable(text), "duration_levels": anything, "duration_format": text,
    "custom_metadata": nullable(metadata)}
TAG = {"tag": filled, "category": nullable(text)}
PROPERTIES = {"Securable": SECURABLE, "Column": COLUMN, "Tag": TAG}
REQUIRED = {"Securable": ("type", "name"), "Column": ("order",), "Tag": ("tag",)}


def check(model, properties, creating):
    """Raise ApiError with a text per field unless all are right."""
    wrong = {}
    for name, value in properties.items():
        problem = PROPERTIES[model].get(name, lambda value: "is unknown")(value)
        if problem is not None:
            wrong[name] = [problem]
    for name in REQUIRED[model] if creating else ():
        if name not in properties:
            wrong[name] = ["is required"]
    if wrong:
        name, texts = next(iter(wrong.items()))
        raise ApiError(400, f"Validation failed: {name} {texts[0]}", wrong)


def check_unchangeable(column, properties):
    """source_name is immutable."""
    if properties.get("source_name", column.source_name) != column.source_name:
        raise invalid("source_name", "cannot be changed")
