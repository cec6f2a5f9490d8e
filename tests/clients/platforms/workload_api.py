"""A SPIFFE Workload API: a gRPC server behind a Unix socket, with tokens and keys of the test issuer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # it has no stubs
from spiffe._proto import workload_pb2, workload_pb2_grpc

from tests.support.emulator import Emulator

DOMAIN = "spiffe://example.org"
HEADER = ("workload.spiffe.io", "true")
ENDS_WITHIN = 5.0  # seconds


class WorkloadApi(workload_pb2_grpc.SpiffeWorkloadAPIServicer):
    """One workload behind the socket, with one identity."""

    def __init__(self, emulator: Emulator, spiffe_id: str, form: str) -> None:
        self._emulator = emulator
        self._spiffe_id = spiffe_id
        self._form = form

    def FetchJWTSVID(self, request: Any, context: Any) -> Any:  # noqa: N802  the name of the method
        self._let_in(context)
        if not request.audience:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "audience must be specified")
        if request.spiffe_id not in ("", self._spiffe_id):
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no identity issued")
        token = self._emulator.mint(
            "spiffe", params={"spiffe_id": self._spiffe_id, "audience": list(request.audience), "form": self._form}
        )
        return workload_pb2.JWTSVIDResponse(svids=[workload_pb2.JWTSVID(spiffe_id=self._spiffe_id, svid=token)])

    def FetchJWTBundles(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ARG002, N802  the name of the method
        self._let_in(context)
        keys = self._emulator.http.get(f"{self._emulator.ready['idp_url']}/spiffe/keys").content
        yield workload_pb2.JWTBundlesResponse(bundles={DOMAIN: keys})

    @staticmethod
    def _let_in(context: Any) -> None:
        """Refuse what has not the header that keeps a browser's requests away (SPIFFE Workload Endpoint, 6)."""
        if HEADER not in [tuple(each) for each in context.invocation_metadata()]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")


@contextmanager
def serving(emulator: Emulator, folder: Path, spiffe_id: str, form: str = "full") -> Iterator[str]:
    """Serve the Workload API for one workload; the address of its socket. ``form``: of its JWT-SVIDs."""
    address = f"unix:{folder / 'agent.sock'}"
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    api = WorkloadApi(emulator, spiffe_id, form)
    workload_pb2_grpc.add_SpiffeWorkloadAPIServicer_to_server(api, server)  # type: ignore[no-untyped-call]  # generated
    server.add_insecure_port(address)
    server.start()
    try:
        yield address
    finally:
        server.stop(grace=None).wait(ENDS_WITHIN)
