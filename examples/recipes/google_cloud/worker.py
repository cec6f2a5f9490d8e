"""Reads the orders as the service account that the program runs as on Google Cloud."""

import os
import sys

import requests
from azure.identity import ClientAssertionCredential
from google.auth.transport.requests import Request
from google.oauth2 import id_token


def assertion():
    """Ask the metadata server for a token; called again whenever the access token has to be renewed."""
    # One that is bound to a certificate of the machine would prove nothing to anybody else.
    return id_token.fetch_id_token(Request(), "api://AzureADTokenExchange", bind_id_token=False)


with ClientAssertionCredential(os.environ["TENANT"], os.environ["CLIENT_ID"], assertion) as credential:
    token = credential.get_token("api://orders/.default").token
answer = requests.get(os.environ["API"] + "/orders", headers={"Authorization": f"Bearer {token}"}, timeout=10)
answer.raise_for_status()
sys.stdout.write(answer.text)
