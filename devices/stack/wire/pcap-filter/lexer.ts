/** An expression as tcpdump's users write them, cut into tokens. */
import { FilterProblem } from '../filter/filter-error.js';

export interface PcapToken {
  readonly kind: 'word' | 'number' | 'address' | 'mac' | 'symbol' | 'end';
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

const MAX_LENGTH = 4096;
/** In this order: a MAC address begins as a number does. */
const KINDS: readonly (readonly [PcapToken['kind'], RegExp])[] = [
  ['mac', /[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}(?![\w:])/iy],
  ['address', /\d+(?:\.\d+){1,3}(?![\w.])/y],
  ['number', /(?:0x[0-9a-f]+|\d+)(?![\w.])/iy],
  // A backslash keeps a word that is a keyword from being one: `ip proto \tcp`.
  ['word', /\\?[a-z_][\w.-]*/iy],
  ['symbol', /<<|>>|<=|>=|==|!=|&&|\|\||[!()[\]:&|^+\-*/%<>=]/y],
];
const SPACE = /\s*/y;

/** Throws {@link FilterProblem}. */
export function tokenizePcap(text: string): PcapToken[] {
  if (text.length > MAX_LENGTH) throw new FilterProblem(`longer than ${MAX_LENGTH} characters`, MAX_LENGTH + 1);
  const tokens: PcapToken[] = [];
  let at = 0;
  for (;;) {
    SPACE.lastIndex = at;
    at += SPACE.exec(text)?.[0].length ?? 0;
    if (at === text.length) {
      tokens.push({ kind: 'end', text: '', column: at + 1 });
      return tokens;
    }
    const token = tokenAt(text, at);
    if (token === undefined)
      throw new FilterProblem(`"${text.slice(at).split(/\s/)[0]}" was not expected here`, at + 1);
    tokens.push(token);
    at += token.text.length;
  }
}

function tokenAt(text: string, at: number): PcapToken | undefined {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { kind, text: match[0], column: at + 1 };
  }
  return undefined;
}
