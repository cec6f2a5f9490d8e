"""Reads the orders as the service account that the pod runs as."""

import os
import sys

import requests
from azure.identity import WorkloadIdentityCredential

with WorkloadIdentityCredential() as credential:  # reads the projected token, and reads it again when it was renewed
    token = credential.get_token("api://orders/.default").token
answer = requests.get(os.environ["API"] + "/orders", headers={"Authorization": f"Bearer {token}"}, timeout=10)
answer.raise_for_status()
sys.stdout.write(answer.text)
