"""Subscriptions, tenants, resource groups: each tenant has one subscription, and nothing is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.interop import azure
from accredit.web.arm.call import Answer

if TYPE_CHECKING:
    from accredit.web.arm.call import Call


async def every(call: Call) -> Answer:
    """List the subscriptions of the caller's tenant."""
    return Answer(200, {"value": [azure.subscription(call.tenant)], "count": {"type": "Total", "value": 1}})


async def one(call: Call) -> Answer:
    """Show one subscription."""
    call.refuse_elsewhere()
    return Answer(200, azure.subscription(call.tenant))


async def groups(call: Call) -> Answer:
    """List the resource groups: there are none."""
    call.refuse_elsewhere()
    return Answer(200, {"value": []})


async def tenants(call: Call) -> Answer:
    """List the tenants that the caller is in."""
    return Answer(200, {"value": [azure.tenant(call.tenant)]})
