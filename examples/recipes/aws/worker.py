"""Reads the orders as the role that the program runs as on AWS."""

import os
import sys

import boto3
import requests
from azure.identity import ClientAssertionCredential

sts = boto3.client("sts")


def assertion():
    """Ask AWS for a token of the role; called again whenever the access token has to be renewed."""
    answer = sts.get_web_identity_token(
        Audience=["api://AzureADTokenExchange"], SigningAlgorithm="RS256", DurationSeconds=300
    )
    return answer["WebIdentityToken"]


with ClientAssertionCredential(os.environ["TENANT"], os.environ["CLIENT_ID"], assertion) as credential:
    token = credential.get_token("api://orders/.default").token
answer = requests.get(os.environ["API"] + "/orders", headers={"Authorization": f"Bearer {token}"}, timeout=10)
answer.raise_for_status()
sys.stdout.write(answer.text)
