"""The claims matching language: text to a tree, tree and claims to yes or no, and why.

``parse`` once when a credential is saved or loaded, ``evaluate`` for each token, ``trace`` when somebody asks why.
"""

from accredit.trust.expression.allowed import refuse_not_allowed
from accredit.trust.expression.evaluation import LONGEST_VALUE, Budget, Cause, evaluate
from accredit.trust.expression.grammar import LANGUAGE_VERSION, LONGEST_TEXT, parse
from accredit.trust.expression.tracing import Joint, Step, Trace, trace
from accredit.trust.expression.tree import Atom, Branch, Expression, Group, Node, Operand, names

__all__ = [
    "LANGUAGE_VERSION",
    "LONGEST_TEXT",
    "LONGEST_VALUE",
    "Atom",
    "Branch",
    "Budget",
    "Cause",
    "Expression",
    "Group",
    "Joint",
    "Node",
    "Operand",
    "Step",
    "Trace",
    "evaluate",
    "names",
    "parse",
    "refuse_not_allowed",
    "trace",
]
