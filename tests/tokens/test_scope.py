import pytest

from accredit import errors
from accredit.errors import Refused
from accredit.tokens import read_scope
from tests.support.every import every

READ = {
    "api://orders/.default": "api://orders",
    "https://graph.microsoft.com/.default": "https://graph.microsoft.com",
    "https://graph.microsoft.com//.default": "https://graph.microsoft.com/",
    "3db474b9-6a0c-4840-96ac-1fceb342124f/.default": "3db474b9-6a0c-4840-96ac-1fceb342124f",
    "openid profile offline_access api://orders/.default": "api://orders",
    "api://orders/.default  email": "api://orders",
    " api://orders/.default": "api://orders",
    "api://Ørders/.default": "api://Ørders",
}
REFUSED = {
    "": errors.PARAMETER_MISSING,
    "api://orders/.default\n": errors.SCOPE_INVALID,
    "api://or\x00ders/.default": errors.SCOPE_INVALID,
    "api://\ud800/.default": errors.SCOPE_INVALID,
    " ": errors.SCOPE_NOT_DEFAULT,
    "openid": errors.SCOPE_NOT_DEFAULT,
    "api://orders": errors.SCOPE_NOT_DEFAULT,
    "api://orders/.Default": errors.SCOPE_NOT_DEFAULT,
    "api://orders/read": errors.SCOPE_NOT_DEFAULT,
    "/.default": errors.SCOPE_NOT_DEFAULT,
    "openid /.default": errors.SCOPE_NOT_DEFAULT,
    "api://orders/.default api://billing/.default": errors.SCOPE_NOT_DEFAULT,
    "api://orders/.default api://orders/read": errors.SCOPE_NOT_DEFAULT,
}


@every("scope", READ)
def test_the_resource_is_read_from(scope):
    assert read_scope(scope) == READ[scope]


@every("scope", REFUSED)
def test_refused_is(scope):
    with pytest.raises(Refused) as refused:
        read_scope(scope)
    assert refused.value.row is REFUSED[scope]
