"""The part of JSON Schema (draft 2020-12) that tests/report.schema.json uses. A word it does not know is an error, so that nothing
goes unchecked."""

import re

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
KNOWN = {"$schema", "title", "type", "properties", "required", "additionalProperties", "items", "pattern", "minimum"}


def errors(value, schema, path="report"):
    """Everything that is wrong with a value, a sentence each."""
    if unknown := schema.keys() - KNOWN:
        yield f"{path}: the schema has {', '.join(unknown)}, which is not checked"
    kind = TYPES[schema["type"]]
    if not isinstance(value, kind) or kind is int and isinstance(value, bool):
        yield f"{path}: {value!r} is not of type {schema['type']}"
        return
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: {value} is less than {schema['minimum']}"
    if kind is list:
        for number, item in enumerate(value):
            yield from errors(item, schema["items"], f"{path}[{number}]")
    if kind is dict:
        yield from object_errors(value, schema, path)


def object_errors(value, schema, path):
    """What is wrong with the members of an object."""
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{path}: there is no {key}"
    for key, member in value.items():
        rule = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
        if rule is False:
            yield f"{path}: {key} is not in the schema"
        elif rule:
            yield from errors(member, rule, f"{path}.{key}")
