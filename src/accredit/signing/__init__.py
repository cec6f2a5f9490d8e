"""Keys that sign: made, sealed at rest, opened once; access tokens minted with them.

The development CA has a module of its own, ``developmentca``: only who serves with it pays for it.
"""

from accredit.signing.certificate import EMULATOR_NAME, PRODUCTION_NAME, common_names, generate
from accredit.signing.file import Signer, create_master_key, load_master_key, open_signer, refuse_foreign, seal, unseal
from accredit.signing.mint import TokenMint

__all__ = [
    "EMULATOR_NAME",
    "PRODUCTION_NAME",
    "Signer",
    "TokenMint",
    "common_names",
    "create_master_key",
    "generate",
    "load_master_key",
    "open_signer",
    "refuse_foreign",
    "seal",
    "unseal",
]
