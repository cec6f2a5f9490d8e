"""Where a workload's own token comes from: one source for each platform that gives its workloads one.

A source is a frozen value, made from its ``Surroundings`` and what was said of it by name (a file, a variable, a role):

    @dataclass(frozen=True, slots=True)
    class Vault:
        name: ClassVar = "vault"
        one_shot: ClassVar = False
        audience: ClassVar = "preset"
        around: Surroundings
        role: str = ""

        def detect(self) -> Detection: ...
        def fetch(self, audience: str) -> str: ...

Rule 1: a token is in no exception, no ``repr``, no log, no argument of a process.
Rule 2: nothing of a platform is loaded or asked before its source is; what it needs beyond this package is an extra.
Rule 3: who detects says which variable or file was seen, or which is missing; never what is in it.
Rule 4: an address that the platform named is asked; no redirect is followed.
"""
