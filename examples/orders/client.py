"""A workload that calls the orders API. There is nothing in it about tests."""

import requests
from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncCredential

SCOPE = "api://orders/.default"


def token() -> str:
    """Sign in with whatever the surroundings offer: in a cluster, on a runner, on a desk."""
    with DefaultAzureCredential() as credential:
        return credential.get_token(SCOPE).token


async def token_async() -> str:
    async with AsyncCredential() as credential:
        return (await credential.get_token(SCOPE)).token


def orders(url: str) -> list[str]:
    answer = requests.get(f"{url}/orders", headers={"Authorization": f"Bearer {token()}"}, timeout=10)
    answer.raise_for_status()
    return list(answer.json())
