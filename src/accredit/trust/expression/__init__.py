"""Version 1 of the claims matching language: text to a tree, tree and claims to yes or no, and why.

``parse`` once when a credential is saved or loaded, ``evaluate`` for each token, ``trace`` when somebody asks why.
"""

from accredit.trust.expression.allowed import refuse_not_allowed
from accredit.trust.expression.evaluation import LONGEST_VALUE, Budget, Cause, Step, Trace, evaluate, trace
from accredit.trust.expression.grammar import LANGUAGE_VERSION, LONGEST_TEXT, parse
from accredit.trust.expression.tree import Clause, Equals, Expression, Matches, names

__all__ = [
    "LANGUAGE_VERSION",
    "LONGEST_TEXT",
    "LONGEST_VALUE",
    "Budget",
    "Cause",
    "Clause",
    "Equals",
    "Expression",
    "Matches",
    "Step",
    "Trace",
    "evaluate",
    "names",
    "parse",
    "refuse_not_allowed",
    "trace",
]
