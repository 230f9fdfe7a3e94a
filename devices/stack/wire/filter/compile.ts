/** From the tree of an expression to one function over a packet. Types are checked here, once; packets only run it. */

import { type Comparison, compareSources, compareWithLiteral, memberTest } from './comparison.js';
import type { ValueTest } from './field.js';
import { unknownField } from './fields.js';
import { FilterProblem } from './filter-error.js';
import type { Written } from './literals.js';
import type { PacketView } from './packet-view.js';
import { requireSource, type Source, sourceOf } from './source.js';
import type { Comparator, Expression, Operand } from './syntax.js';

export type Predicate = (view: PacketView) => boolean;

const PRESENT: ValueTest = () => true;
const SET: ValueTest = (value) => (value instanceof Uint8Array ? value.some((byte) => byte !== 0) : value !== 0);

/** Throws {@link FilterProblem}. */
export function compileExpression(expression: Expression): Predicate {
  switch (expression.kind) {
    case 'not': {
      const operand = compileExpression(expression.operand);
      return (view) => !operand(view);
    }
    case 'and':
    case 'or':
    case 'xor':
      return compilePair(expression.kind, compileExpression(expression.left), compileExpression(expression.right));
    case 'exists': {
      const source = requireSource(expression.operand);
      const test = source.isMask ? SET : PRESENT;
      return (view) => source.some(view, test);
    }
    case 'compare':
      return compileComparison(expression);
    case 'in':
      return compileMembership(expression);
  }
}

function compilePair(kind: 'and' | 'or' | 'xor', left: Predicate, right: Predicate): Predicate {
  if (kind === 'and') return (view) => left(view) && right(view);
  if (kind === 'or') return (view) => left(view) || right(view);
  return (view) => left(view) !== right(view);
}

function written(operand: Operand): Written {
  if (operand.kind === 'word' || operand.kind === 'string' || operand.kind === 'character') return operand;
  throw new FilterProblem('a value is needed here', operand.column);
}

const TURNED: Partial<Record<Comparator, Comparator>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function compileComparison(expression: Extract<Expression, { kind: 'compare' }>): Predicate {
  const { comparator, quantifier } = expression;
  const [left, right] = [sourceOf(expression.left), sourceOf(expression.right)];
  if (left !== undefined && right !== undefined) return compileBetween(left, comparator, right, quantifier);
  if (left !== undefined) {
    return quantified(left, compareWithLiteral(left, comparator, written(expression.right)), quantifier);
  }
  const { column } = expression.left;
  if (right === undefined || comparator === 'contains' || comparator === 'matches') {
    if (expression.left.kind === 'word') throw new FilterProblem(unknownField(expression.left.text), column, true);
    throw new FilterProblem('a field is needed here', column);
  }
  const turned = TURNED[comparator] ?? comparator;
  return quantified(right, compareWithLiteral(right, turned, written(expression.left)), quantifier);
}

/** A field that is not there makes every comparison false, `!=` too. */
function quantified(source: Source, { test, quantifier: usual }: Comparison, said?: 'any' | 'all'): Predicate {
  if ((said ?? usual) === 'any') return (view) => source.some(view, test);
  const fails: ValueTest = (value) => !test(value);
  return (view) => source.some(view, PRESENT) && !source.some(view, fails);
}

function compileBetween(left: Source, comparator: Comparator, right: Source, said?: 'any' | 'all'): Predicate {
  const { holds, quantifier } = compareSources(left, comparator, right);
  if ((said ?? quantifier) === 'any') return (view) => left.some(view, (a) => right.some(view, (b) => holds(a, b)));
  return (view) =>
    left.some(view, PRESENT) &&
    right.some(view, PRESENT) &&
    !left.some(view, (a) => right.some(view, (b) => !holds(a, b)));
}

function compileMembership(expression: Extract<Expression, { kind: 'in' }>): Predicate {
  const { operand, items, isNegated, quantifier } = expression;
  const source = requireSource(operand);
  const tests = items.map(({ low, high }) => memberTest(source, written(low), high && written(high)));
  const test: ValueTest = (value) => tests.some((each) => each(value));
  const isMember = quantified(source, { test, quantifier: 'any' }, quantifier);
  return isNegated ? (view) => source.some(view, PRESENT) && !isMember(view) : isMember;
}
