/** The grammar of the filter language: `or` binds loosest, then `xor`, `and`, `not`, comparisons, `&`. */
import { FilterProblem } from './filter-error.js';
import { type Token, tokenize } from './lexer.js';
import type { Comparator, Expression, Operand, Quantifier, SetItem, SliceRange } from './syntax.js';
import { TokenReader } from './token-reader.js';

const COMPARATORS: Readonly<Record<string, Comparator>> = {
  '==': '==',
  eq: '==',
  any_eq: '==',
  '!=': '!=',
  ne: '!=',
  all_ne: '!=',
  '===': '===',
  all_eq: '===',
  '!==': '!==',
  any_ne: '!==',
  '<': '<',
  lt: '<',
  '<=': '<=',
  le: '<=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  ge: '>=',
  contains: 'contains',
  matches: 'matches',
  '~': 'matches',
};
const RESERVED = new Set([...Object.keys(COMPARATORS), 'and', 'or', 'xor', 'not', 'in', 'bitand', 'bitwise_and']);
/** Throws {@link FilterProblem}. Undefined for a text with nothing in it. */
export function parseExpression(text: string): Expression | undefined {
  const tokens = tokenize(text);
  return tokens.length === 1 ? undefined : new Parser(tokens).whole();
}

class Parser extends TokenReader<Token> {
  whole(): Expression {
    const expression = this.either();
    if (this.token.kind !== 'end') this.refuse();
    return expression;
  }

  protected override refuse(message?: string): never {
    const { kind, text, column } = this.token;
    const lower = text.toLowerCase();
    if (kind === 'word' && ['and', 'or', 'not', 'xor'].includes(lower) && lower !== text) {
      throw new FilterProblem(`"${text}" is written "${lower}"`, column);
    }
    super.refuse(message);
  }

  private either(): Expression {
    let left = this.exclusive();
    while (this.accept('or', '||')) left = { kind: 'or', left, right: this.exclusive() };
    return left;
  }

  private exclusive(): Expression {
    let left = this.both();
    while (this.accept('xor', '^^')) left = { kind: 'xor', left, right: this.both() };
    return left;
  }

  private both(): Expression {
    let left = this.negation();
    while (this.accept('and', '&&')) left = { kind: 'and', left, right: this.negation() };
    return left;
  }

  private negation(): Expression {
    return this.nested(() => this.negationWithin());
  }

  private negationWithin(): Expression {
    if (this.accept('not', '!')) return { kind: 'not', operand: this.negation() };
    if (this.accept('(')) {
      const inner = this.either();
      this.expect(')');
      return inner;
    }
    return this.relation();
  }

  private relation(): Expression {
    const quantifier = this.quantifier();
    let left = this.operand();
    let whole: Expression | undefined;
    for (;;) {
      const { column } = this.token;
      const isNegated = this.is('not') && this.tokens[this.at + 1].text === 'in';
      if (isNegated || this.is('in')) {
        if (whole !== undefined) this.refuse();
        this.at += isNegated ? 2 : 1;
        return { kind: 'in', operand: left, items: this.set(), isNegated, quantifier, column };
      }
      const comparator = this.comparator();
      if (comparator === undefined) break;
      const right = this.operand();
      const test: Expression = { kind: 'compare', comparator, left, right, quantifier, column };
      // `1 < ip.ttl < 5` is both comparisons.
      whole = whole === undefined ? test : { kind: 'and', left: whole, right: test };
      left = right;
    }
    if (whole === undefined && quantifier !== undefined) this.refuse(`a comparison must follow "${quantifier}"`);
    return whole ?? { kind: 'exists', operand: left };
  }

  private quantifier(): Quantifier | undefined {
    const next = this.tokens[this.at + 1];
    if (!this.is('any', 'all') || next?.kind !== 'word' || RESERVED.has(next.text)) return undefined;
    const quantifier = this.token.text as Quantifier;
    this.at += 1;
    return quantifier;
  }

  private comparator(): Comparator | undefined {
    const { kind, text } = this.token;
    if ((kind !== 'word' && kind !== 'symbol') || !Object.hasOwn(COMPARATORS, text)) return undefined;
    this.at += 1;
    return COMPARATORS[text];
  }

  private set(): SetItem[] {
    this.expect('{');
    const items: SetItem[] = [];
    do items.push(this.setItem());
    while (this.accept(','));
    if (!this.is('}')) this.refuse('between the members of a set stands a comma, and "}" at its end');
    this.expect('}');
    return items;
  }

  private setItem(): SetItem {
    const { kind, text, column } = this.token;
    const dots = kind === 'word' ? text.indexOf('..') : -1;
    if (dots > 0 && dots + 2 < text.length) {
      this.at += 1;
      return {
        low: { kind: 'word', text: text.slice(0, dots), column },
        high: { kind: 'word', text: text.slice(dots + 2), column: column + dots + 2 },
      };
    }
    const low = this.primary();
    return this.accept('..') ? { low, high: this.primary() } : { low };
  }

  private operand(): Operand {
    let operand = this.primary();
    for (;;) {
      const { column } = this.token;
      if (!this.accept('&', 'bitand', 'bitwise_and')) return operand;
      operand = { kind: 'mask', of: operand, mask: this.primary(), column };
    }
  }

  private primary(): Operand {
    const { kind, text, column } = this.token;
    if (kind === 'end' || kind === 'symbol' || (kind === 'word' && RESERVED.has(text))) this.refuse();
    this.at += 1;
    let operand: Operand = { kind: kind === 'word' ? 'word' : kind, text, column };
    if (kind === 'word') {
      if (this.is('(') && this.token.adjacent) operand = this.call(text, column);
      else if (this.accept('#')) operand = { kind: 'layer', field: text, number: this.layerNumber(), column };
    }
    while (this.accept('[')) operand = { kind: 'slice', of: operand, ranges: this.ranges(), column };
    return operand;
  }

  private call(name: string, column: number): Operand {
    this.expect('(');
    const argument = this.nested(() => this.operand());
    this.expect(')');
    return { kind: 'call', name, argument, column };
  }

  private layerNumber(): number {
    const { text } = this.token;
    if (!/^[1-9]\d{0,2}$/.test(text)) this.refuse('behind "#" comes the number of a layer, from 1');
    this.at += 1;
    return Number(text);
  }

  private ranges(): SliceRange[] {
    const ranges: SliceRange[] = [];
    do ranges.push(this.range());
    while (this.accept(','));
    this.expect(']');
    return ranges;
  }

  /** `1`, `1:2` (from 1, two of them), `1-2` (both), `:2`, `2:`. */
  private range(): SliceRange {
    const match = /^(?:(-?\d{1,5})|(-?\d{1,5})?:(\d{1,5})?|(-?\d{1,5})-(-?\d{1,5}))$/.exec(this.token.text);
    if (this.token.kind !== 'word' || match === null || match[0] === ':') {
      this.refuse('a slice is [start], [start:length], [first-last], [:length] or [start:]');
    }
    this.at += 1;
    const [, single, start, length, first, last] = match;
    if (single !== undefined) return { start: Number(single), length: 1 };
    if (first !== undefined) return { start: Number(first), last: Number(last) };
    return { start: Number(start ?? 0), length: length === undefined ? undefined : Number(length) };
  }
}
