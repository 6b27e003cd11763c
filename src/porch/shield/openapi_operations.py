"""Operations: what a document offers, ready to be compared with requests."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from porch.http.fields import alike
from porch.shield.json_shape import Shape
from porch.shield.media import is_json
from porch.shield.openapi_document import Document, DocumentError, Node, escaped
from porch.shield.openapi_parameters import PLACES, Parameter, read_parameter
from porch.shield.openapi_paths import Paths
from porch.shield.openapi_schema import Schemas
from porch.shield.openapi_value import Value

__all__ = ["METHODS", "Body", "Item", "Offer", "Operation", "read_offer"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_BASES = 20


class Body(NamedTuple):
    """What an operation takes. medias: of each type or range ("text/*"), what looks at its JSON;
    None where nothing does."""

    is_required: bool
    medias: Mapping[str, Value | None]


class Operation(NamedTuple):
    """name: "POST /pets". parameters: by their place, and there by name. body: None for none."""

    name: str
    parameters: Mapping[str, Mapping[str, Parameter]]
    body: Body | None


class Item(NamedTuple):
    """A path with its operations by method. allow: the methods, for a field."""

    operations: Mapping[bytes, Operation]
    allow: bytes


class Offer(NamedTuple):
    """Of one document. size: how many operations. keys: parameters of the query with credentials,
    in any operation. fields: those that are parameters of any, as `alike` has them. warnings: for
    the operator."""

    paths: Paths[Item]
    size: int
    keys: frozenset[str]
    fields: frozenset[bytes]
    warnings: tuple[str, ...]


def read_offer(document: Document, *, base: str | None, read_only: bool, shape: Shape) -> Offer:
    """base: what stands before the paths, in place of those of `servers`. Raises DocumentError."""
    schemas = Schemas(document, read_only=read_only)
    paths: Paths[Item] = Paths()
    fields: set[bytes] = set()
    count = 0
    for template, node, at in document.parts(document.data, "paths", "#"):
        if template.startswith("x-"):
            continue
        table, where = document.table(node, at)
        operations = {
            method.upper().encode(): _operation(
                document, schemas, (f"{method.upper()} {template}", table, where, method), shape
            )
            for method in METHODS
            if method in table
        }
        count += len(operations)
        for operation in operations.values():
            fields |= {
                alike(name.encode("latin-1", "replace")) for name in operation.parameters["header"]
            }
        for each in _bases(document, table, where, base):
            item = Item(operations, _allow(operations))
            try:
                paths.add(each + template, item)
            except ValueError as error:
                raise DocumentError(str(error), at) from None
    warnings = tuple(dict.fromkeys(document.warnings))
    return Offer(paths, count, frozenset(_keys(document)), frozenset(fields), warnings)


def _allow(operations: Mapping[bytes, Operation]) -> bytes:
    methods = list(operations)
    if b"GET" in operations and b"HEAD" not in operations:
        methods.append(b"HEAD")
    return b", ".join(methods)


def _operation(
    document: Document, schemas: Schemas, named: tuple[str, Node, str, str], shape: Shape
) -> Operation:
    """named: as it is called, the table of its path, where that stands, and the method."""
    name, item, at, method = named
    table, where = document.table(item[method], f"{at}/{method}")
    found: dict[str, dict[str, Parameter]] = {place: {} for place in PLACES}
    own: set[tuple[str, str]] = set()
    for source, start in ((item, at), (table, where)):
        listed = source.get("parameters", [])
        if not isinstance(listed, list):
            raise DocumentError("'parameters' is to be a list", f"{start}/parameters")
        for number, node in enumerate(listed):
            here = f"{start}/parameters/{number}"
            each = read_parameter(document, schemas, node, here, shape)
            if each is None:
                continue
            if source is table:
                if (each.place, each.name) in own:
                    raise DocumentError(f"'{each.name}' stands twice in the parameters", here)
                own.add((each.place, each.name))
            found[each.place][each.name] = each
    _check_names(document, name, found["path"], where)
    return Operation(name, found, _body(document, schemas, table, where, name))


def _check_names(
    document: Document, name: str, parameters: Mapping[str, Parameter], at: str
) -> None:
    """What stands in braces and what is described is the same."""
    template = name.partition(" ")[2]
    names = {each.partition("}")[0] for each in template.split("{")[1:]}
    for each in sorted(names - parameters.keys()):
        document.warn(f"'{{{each}}}' of the path is not described, and may be anything", at)
    for each in sorted(parameters.keys() - names):
        raise DocumentError(f"the path parameter '{each}' is not in '{template}'", at)


def _body(document: Document, schemas: Schemas, operation: Node, at: str, name: str) -> Body | None:
    if "requestBody" not in operation:
        return None
    table, at = document.table(operation["requestBody"], f"{at}/requestBody")
    medias: dict[str, Value | None] = {}
    for said, node, where in document.parts(table, "content", at):
        media = said.partition(";")[0].strip().lower()
        described, where = document.table(node, where)
        medias[media] = None
        if is_json(media.encode()) or media.endswith("/*"):
            medias[media] = schemas.value(described.get("schema", True), f"{where}/schema")
        if not is_json(media.encode()):
            document.warn(f"{name} takes {media}, which is let through without a look into it", at)
    if not medias:
        raise DocumentError("'content' of a body is missing, or empty", at)
    return Body(table.get("required") is True, medias)


def _bases(document: Document, item: Node, at: str, base: str | None) -> Iterator[str]:
    """What stands before a path, without the slash at its end."""
    if base is not None:
        yield base.rstrip("/")
        return
    servers = item.get("servers", document.data.get("servers")) or [{"url": "/"}]
    if any("servers" in item.get(method, ()) for method in METHODS):
        raise DocumentError("'servers' of an operation are not supported; say `base`", at)
    if not isinstance(servers, list):
        raise DocumentError("'servers' is to be a list", at)
    found: dict[str, None] = {}
    for number, server in enumerate(servers):
        where = f"#/servers/{number}" if "servers" not in item else f"{at}/servers/{number}"
        if not isinstance(server, dict) or not isinstance(server.get("url"), str):
            raise DocumentError("a server has a 'url'", where)
        for url in _filled(server["url"], server.get("variables") or {}, where):
            found[urlsplit(url).path.rstrip("/")] = None
    yield from found


def _filled(url: str, variables: object, at: str) -> list[str]:
    """With each value of the names in braces."""
    found = [url]
    while "{" in found[0]:
        name = found[0].partition("{")[2].partition("}")[0]
        said = variables.get(name) if isinstance(variables, dict) else None
        if not isinstance(said, dict) or "default" not in said:
            raise DocumentError(f"'{{{name}}}' has no default; say `base`", at)
        values = [str(each) for each in said.get("enum") or [said["default"]]]
        found = [each.replace(f"{{{name}}}", value) for each in found for value in values]
        if len(found) > _MOST_BASES or not all("{" not in value for value in values):
            raise DocumentError("the servers have very many names; say `base`", at)
    return found


def _keys(document: Document) -> Iterator[str]:
    components = document.data.get("components")
    if not isinstance(components, dict):
        return
    for name, node, at in document.parts(components, "securitySchemes", "#/components"):
        table, _ = document.table(node, at)
        if table.get("type") == "apiKey" and table.get("in") == "query":
            yield str(table.get("name", escaped(name)))
