"""The claims matching language: text to a tree, tree and claims to yes or no, and why.

``parse`` once when a credential is saved or loaded, ``evaluate`` for each token, ``trace`` when somebody asks why.
"""

from accredit.trust.expression.allowed import objections, refuse_not_allowed
from accredit.trust.expression.evaluation import LONGEST_VALUE, Budget, Cause, evaluate
from accredit.trust.expression.grammar import LANGUAGE_VERSION, LANGUAGE_VERSIONS, LONGEST_TEXT, parse
from accredit.trust.expression.portability import not_portable, to_entra
from accredit.trust.expression.tracing import Joint, Step, Trace, trace
from accredit.trust.expression.translation import Translation, to_version_2
from accredit.trust.expression.tree import Atom, Branch, Expression, Group, Node, Operand, names
from accredit.trust.expression.writing import condition, place, write

__all__ = [
    "LANGUAGE_VERSION",
    "LANGUAGE_VERSIONS",
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
    "Translation",
    "condition",
    "evaluate",
    "names",
    "not_portable",
    "objections",
    "parse",
    "place",
    "refuse_not_allowed",
    "to_entra",
    "to_version_2",
    "trace",
    "write",
]
