#!/usr/bin/env python3
"""Checks JSON Lines against docs/schema.json, and that no record has a field the schema does not know.

usage: schema.py SCHEMA FILE...   ('-' is standard input; exit status 77 without the jsonschema module)
"""

import json
import sys


def closed(schema):
    """The schema with every object closed: the program may only write what the schema publishes."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in result:
        result["additionalProperties"] = False
    return result


def order_problems(kinds):
    order = ["capture", "flow", "lookup", "endpoint", "expectation", "conclusion"]
    ranks = [order.index(kind) for kind in kinds if kind in order]
    if ranks != sorted(ranks):
        yield "records are not in the order of the contract"
    if kinds.count("conclusion") != 1:
        yield f"{kinds.count('conclusion')} conclusions"


def problems(validator, text):
    kinds = []
    for number, line in enumerate(text.splitlines(), 1):
        record = json.loads(line)
        kinds.append(record.get("record"))
        schema = validator.schema["$defs"].get(f"{record.get('record')}_record")
        if schema is None:
            yield f"line {number}: unknown record {record.get('record')}"
            continue
        for error in validator.evolve(schema={**schema, "$defs": validator.schema["$defs"]}).iter_errors(record):
            yield f"line {number}: {'/'.join(map(str, error.path))}: {error.message}"
    yield from order_problems(kinds)


def main(schema_path, *paths):
    try:
        import jsonschema
    except ImportError:
        return 77
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(closed(schema))
    status = 0
    for path in paths:
        text = sys.stdin.read() if path == "-" else open(path, encoding="utf-8").read()
        for problem in problems(validator, text):
            print(f"{path}: {problem}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
