/** The tree that the parser makes of an expression. Columns are those of the text, from 1. */

export type Comparator = '==' | '!=' | '===' | '!==' | '<' | '<=' | '>' | '>=' | 'contains' | 'matches';
export type Quantifier = 'any' | 'all';

export type Expression =
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or' | 'xor'; readonly left: Expression; readonly right: Expression }
  /** A field, protocol or calculation that stands alone. */
  | { readonly kind: 'exists'; readonly operand: Operand }
  | {
      readonly kind: 'compare';
      readonly comparator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
      readonly quantifier?: Quantifier;
      readonly column: number;
    }
  | {
      readonly kind: 'in';
      readonly operand: Operand;
      readonly items: readonly SetItem[];
      /** `not in`: the opposite of `in`, where there is a value at all. */
      readonly isNegated: boolean;
      readonly quantifier?: Quantifier;
      readonly column: number;
    };

export interface SetItem {
  readonly low: Operand;
  /** Of a range, the last one that is in it. */
  readonly high?: Operand;
}

export type Operand =
  /** The name of a field, or a literal without quotes. */
  | { readonly kind: 'word'; readonly text: string; readonly column: number }
  | { readonly kind: 'string' | 'character'; readonly text: string; readonly column: number }
  /** `ip.addr#2`: in the second layer of its protocol. */
  | { readonly kind: 'layer'; readonly field: string; readonly number: number; readonly column: number }
  | { readonly kind: 'slice'; readonly of: Operand; readonly ranges: readonly SliceRange[]; readonly column: number }
  | { readonly kind: 'mask'; readonly of: Operand; readonly mask: Operand; readonly column: number }
  | { readonly kind: 'call'; readonly name: string; readonly argument: Operand; readonly column: number };

export interface SliceRange {
  /** Negative: from the end. */
  readonly start: number;
  /** Bytes; undefined: to the end. */
  readonly length?: number;
  /** The last byte, in place of a length. Negative: from the end. */
  readonly last?: number;
}
