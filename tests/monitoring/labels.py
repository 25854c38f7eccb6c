"""Which labels the answer to a query has, worked out from the metrics it names.

``labels_of`` raises ``UnknownName`` for a metric that nobody exports, and for a label that a metric
has not: in a matcher, in `by (...)`, in `on (...)` or in `group_left (...)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import promql_parser as promql

Labels = frozenset[str]
#: By metric.
Known = Mapping[str, Labels]

#: What every scrape adds to what it finds.
SCRAPED: Labels = frozenset({"job", "instance"})
_NOTHING: Labels = frozenset()
_SETS = ("and", "unless")


class UnknownName(Exception):
    """A metric or a label that is not there."""


def labels_of(query: str, known: Known) -> Labels:
    """Labels of the answer to ``query``."""
    return _of(promql.parse(query), known)


def _of(expr: promql.Expr, known: Known) -> Labels:
    match expr:
        case promql.VectorSelector():
            found = _selected(expr, known)
        case promql.MatrixSelector():
            found = _selected(expr.vector_selector, known)
        case promql.AggregateExpr():
            found = _aggregated(expr, known)
        case promql.BinaryExpr():
            found = _joined(expr, known)
        case promql.Call():
            found = _called(expr, known)
        case promql.NumberLiteral() | promql.StringLiteral():
            found = _NOTHING
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            found = _of(expr.expr, known)
        case _:
            raise NotImplementedError(type(expr).__name__)
    return found


def _selected(selector: promql.VectorSelector, known: Known) -> Labels:
    name = selector.name or ""
    if name not in known:
        raise UnknownName(f"nobody exports the metric {name}")
    _need([matcher.name for matcher in selector.matchers.matchers], known[name], name)
    return known[name]


def _aggregated(expr: promql.AggregateExpr, known: Known) -> Labels:
    inner = _of(expr.expr, known)
    if expr.modifier is None:
        return _NOTHING
    named = _need(expr.modifier.labels, inner, expr.expr.prettify())
    return named if expr.modifier.type == promql.AggModifierType.By else inner - named


def _called(call: promql.Call, known: Known) -> Labels:
    answers = [_of(argument, known) for argument in call.args]
    labels = answers[-1] if answers else _NOTHING
    match call.func.name:
        case "histogram_quantile":
            return labels - _need(["le"], labels, call.prettify())
        case "absent" | "vector":
            return _NOTHING
    return labels


def _joined(expr: promql.BinaryExpr, known: Known) -> Labels:
    left, right = _of(expr.lhs, known), _of(expr.rhs, known)
    if isinstance(expr.lhs, promql.NumberLiteral) or isinstance(expr.rhs, promql.NumberLiteral):
        return left | right
    modifier = expr.modifier
    words = expr.prettify()
    operator = str(expr.op)
    if modifier is None or modifier.matching is None:
        if left != right and operator != "or":
            raise UnknownName(f"{sorted(left)} never match {sorted(right)}: {words}")
        return left | right if operator == "or" else left
    named = modifier.matching.labels
    for side in (left, right):
        _need(named, side, words)
    if operator in _SETS:
        return left
    return frozenset(named) | _need(modifier.group_labels or [], right, words)


def _need(names: Iterable[str], labels: Labels, where: str) -> Labels:
    """``names``, if each is among ``labels``."""
    wanted = frozenset(names)
    if wanted - labels:
        raise UnknownName(f"no label {', '.join(sorted(wanted - labels))}: {where}")
    return wanted
