/** An expression of the filter language, cut into words, strings and symbols. */
import { FilterProblem } from './filter-error.js';

/**
 * A `word` is a name, a number, an address or a range such as `8000..8100`: which of them, its surroundings tell.
 * `end` is the end of the text.
 */
export interface Token {
  readonly kind: 'word' | 'string' | 'character' | 'symbol' | 'end';
  /** Of a string or a character, what it stands for. */
  readonly text: string;
  /** From 1. */
  readonly column: number;
  /** Whether nothing lies between this one and the one before. */
  readonly adjacent: boolean;
}

const MAX_LENGTH = 4096;
const WORD = /[A-Za-z0-9_.:/-]+/y;
const SYMBOL = /===|!==|==|!=|>=|<=|&&|\|\||\^\^|[><!&~(){}[\],#]/y;
const SPACE = /\s*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** Throws {@link FilterProblem}. */
export function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) throw new FilterProblem(`longer than ${MAX_LENGTH} characters`, MAX_LENGTH + 1);
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    const space = match(SPACE)?.length ?? 0;
    at += space;
    const adjacent = space === 0 && tokens.length > 0;
    const column = at + 1;
    if (at === text.length) {
      tokens.push({ kind: 'end', text: '', column, adjacent });
      return tokens;
    }
    const isRaw = /^r"/i.test(text.slice(at, at + 2));
    if (isRaw || text[at] === '"' || text[at] === "'") {
      const quoted = readQuoted(text, isRaw ? at + 1 : at, isRaw);
      const kind = text[at] === "'" ? 'character' : 'string';
      if (kind === 'character' && quoted.text.length !== 1) {
        throw new FilterProblem('single quotes hold one character; strings have double quotes', column);
      }
      tokens.push({ kind, text: quoted.text, column, adjacent });
      at = quoted.next;
      continue;
    }
    const word = match(WORD);
    const symbol = word === undefined ? match(SYMBOL) : undefined;
    if (word === undefined && symbol === undefined) throw new FilterProblem(unexpected(text, at), column);
    tokens.push({ kind: word === undefined ? 'symbol' : 'word', text: word ?? symbol ?? '', column, adjacent });
    at += (word ?? symbol ?? '').length;
  }
}

function unexpected(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === '=') return '"=" alone compares nothing: write "=="';
  if (character === '|') return '"|" alone means nothing: write "||" or "or"';
  if ('+*%'.includes(character)) return `there is no arithmetic here but "&"`;
  return `"${character}" was not expected here`;
}

/** `at`: of the opening quote. */
function readQuoted(text: string, at: number, isRaw: boolean): { text: string; next: number } {
  const quote = text[at];
  let out = '';
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === quote) return { text: out, next: i + 1 };
    if (text[i] !== '\\' || isRaw) {
      // In a raw string a backslash stands for itself, and keeps a quote behind it from ending the string.
      out += text[i];
      if (isRaw && text[i] === '\\' && text[i + 1] === quote) out += text[++i];
      continue;
    }
    const code = /^\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))/.exec(text.slice(i, i + 4));
    if (code !== null) {
      out += String.fromCharCode(
        code[1] === undefined ? Number.parseInt(code[2], 8) & 255 : Number.parseInt(code[1], 16),
      );
      i += code[0].length - 1;
      continue;
    }
    i += 1;
    if (i === text.length) break;
    // What is no escape stays as it is, so that a pattern's `\.` need not be written `\\.`.
    out += Object.hasOwn(ESCAPES, text[i]) ? ESCAPES[text[i]] : `\\${text[i]}`;
  }
  throw new FilterProblem('the string has no end', at + 1);
}
