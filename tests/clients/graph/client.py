"""Microsoft's Graph SDK for Python, unmodified, which does what the lines on standard input say. Runs in an environment
of its own; see on_graph.py.

An order names a way through the client's request builders, a verb, and what goes with it; models are built from the
SDK's own classes, and what comes back is written by the SDK's own serializer.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from azure.identity.aio import ClientAssertionCredential
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.serialization import Parsable
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

Json = dict[str, Any]


def client(order: Json) -> GraphServiceClient:
    """A client as its documentation makes one for another cloud: own address, own certificate authority, own scope."""
    base, ca = order["base"], order["ca"]
    credential = ClientAssertionCredential(
        order["tenant"],
        order["client"],
        lambda: Path(order["token_file"]).read_text(encoding="utf-8").strip(),
        authority=order.get("authority", base),
        connection_verify=ca,
    )
    hosts = order.get("allowed_hosts", ["localhost"])
    provider = AzureIdentityAuthenticationProvider(
        credential, scopes=[order.get("scope", f"{base}/.default")], allowed_hosts=hosts
    )
    http = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(verify=ca, trust_env=False), options=options
    )
    adapter = GraphRequestAdapter(provider, client=http)
    adapter.base_url = f"{base}/{order.get('version', 'v1.0')}"
    return GraphServiceClient(request_adapter=adapter)


def found(through: Any, path: list[Any]) -> Any:
    """The request builder at the end of a path: names of members, and ``[method, argument]``."""
    for step in path:
        through = getattr(through, step) if isinstance(step, str) else getattr(through, step[0])(*step[1:])
    return through


def model(value: Any) -> Any:
    """A value of an order: ``$model`` builds an object of the SDK, ``$uuid`` and ``$time`` what it takes for these."""
    if isinstance(value, list):
        return [model(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "$uuid" in value:
        return UUID(value["$uuid"])
    if "$time" in value:
        return datetime.fromisoformat(value["$time"])
    members = {name: model(each) for name, each in value.items() if not name.startswith("$")}
    if "$model" not in value:
        return members
    module, _, name = value["$model"].rpartition(".")
    return getattr(importlib.import_module(f"msgraph.generated.{module}"), name)(**members)


def configuration(builder: Any, order: Json) -> RequestConfiguration[Any] | None:
    """Query parameters of the class that the builder has for them, and headers."""
    if "query" not in order and "headers" not in order:
        return None
    asked = RequestConfiguration()
    if "query" in order:
        asked.query_parameters = getattr(type(builder), f"{type(builder).__name__}GetQueryParameters")(**order["query"])
    for name, text in order.get("headers", {}).items():
        asked.headers.add(name, text)
    return asked


def written(value: Any) -> Any:
    """What the SDK made of an answer, as it would send it again."""
    if not isinstance(value, Parsable):
        return value.decode() if isinstance(value, bytes) else value
    writer = JsonSerializationWriter()
    writer.write_object_value(None, value)
    return json.loads(writer.get_serialized_content())


async def called(order: Json) -> Any:
    """Make one call of the typed client."""
    builder = found(client(order), order["path"])
    arguments = [model(order["body"])] if "body" in order else []
    return written(
        await getattr(builder, order["verb"])(*arguments, request_configuration=configuration(builder, order))
    )


async def paged(order: Json) -> Any:
    """Follow every page, as the SDK does it."""
    service = client(order)
    builder = found(service, order["path"])
    first = await builder.get(request_configuration=configuration(builder, order))
    seen: list[Any] = []
    pages = PageIterator(first, service.request_adapter)

    def see(each: Any) -> bool:
        seen.append(getattr(each, order["member"]))
        return True

    await pages.iterate(see)
    return {"first_page": len(first.value), "seen": seen}


async def batched(order: Json) -> Any:
    """Send several calls as one."""
    service, content = client(order), BatchRequestContent()
    for part in order["parts"]:
        builder = found(service, part["path"])
        arguments = [model(part["body"])] if "body" in part else []
        information = getattr(builder, f"to_{part['verb']}_request_information")(
            *arguments, configuration(builder, part)
        )
        content.add_request(part["id"], BatchRequestItem(information, part["id"], part.get("depends_on")))
    answered = await service.batch.post(content)
    return answered.get_response_status_codes()  # bodies that are JSON objects it does not read


ORDERS = {"call": called, "pages": paged, "batch": batched}


async def obeyed(order: Json) -> Json:
    """Do what an order says; what the SDK raises is an answer, too."""
    try:
        return {"answer": await ORDERS[order["do"]](order)}
    except ODataError as error:
        said = error.error
        inner = said.inner_error if said else None
        return {
            "ODataError": {
                "status": error.response_status_code,
                "code": said.code if said else None,
                "message": said.message if said else None,
                "request_id": inner.request_id if inner else None,
                "client_request_id": inner.client_request_id if inner else None,
                "date": str(inner.date) if inner else None,
            }
        }
    except APIError as error:
        return {"APIError": {"status": error.response_status_code, "message": str(error)}}
    except Exception as error:  # noqa: BLE001  whoever gave the order judges it
        return {"failed": f"{type(error).__name__}: {error}"}


def main() -> None:
    """One line of JSON in, one out, until there are no more."""
    loop = asyncio.new_event_loop()
    with os.fdopen(os.dup(1), "w") as answers:  # whatever a library prints goes elsewhere
        os.dup2(2, 1)
        print("{}", file=answers, flush=True)
        for line in sys.stdin:
            told = loop.run_until_complete(obeyed(json.loads(line)))
            print(json.dumps(told, default=str), file=answers, flush=True)
    loop.close()


if __name__ == "__main__":
    main()
