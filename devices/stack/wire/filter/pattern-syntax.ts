/** The grammar of the patterns that `matches` takes: a tree of what a regular expression can do without memory. */

/** Which characters: one entry each up to 255, the last one for all beyond. */
export type CharacterSet = Uint8Array;

export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'inside' }
  | { readonly kind: 'sequence' | 'choice'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly minimum: number; readonly maximum: number };

const BEYOND = 256;
const MAX_REPEAT = 255;
const MAX_DEPTH = 50;
const REPETITION = /^(?:[*+?]|\{(\d{1,4})(?:(,)(\d{0,4}))?\})/;
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, '0': 0 };

/** What is wrong with a pattern, for people. */
export class PatternProblem extends Error {}

/** Letters match both cases unless the pattern begins with `(?-i)`, as in Wireshark. Throws {@link PatternProblem}. */
export function parsePattern(pattern: string): PatternNode {
  const flag = /^\(\?(-?)i\)/.exec(pattern);
  return new PatternParser(pattern.slice(flag?.[0].length ?? 0), flag?.[1] !== '-').whole();
}

function setOf(matches: (code: number) => boolean): CharacterSet {
  return Uint8Array.from({ length: BEYOND + 1 }, (_, code) => (matches(code) ? 1 : 0));
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
export const isWordCharacter = (code: number) =>
  isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
const isSpace = (code: number) => code === 0x20 || (code >= 9 && code <= 13);
const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  d: isDigit,
  D: (code) => !isDigit(code),
  w: isWordCharacter,
  W: (code) => !isWordCharacter(code),
  s: isSpace,
  S: (code) => !isSpace(code),
};

class PatternParser {
  private readonly text: string;
  private readonly foldCase: boolean;
  private at = 0;
  private depth = 0;

  constructor(text: string, foldCase: boolean) {
    this.text = text;
    this.foldCase = foldCase;
  }

  whole(): PatternNode {
    const node = this.choice();
    if (this.at < this.text.length) throw new PatternProblem('the pattern has a ")" too many');
    return node;
  }

  private choice(): PatternNode {
    const nodes = [this.sequence()];
    while (this.accept('|')) nodes.push(this.sequence());
    return nodes.length === 1 ? nodes[0] : { kind: 'choice', nodes };
  }

  private sequence(): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      nodes.push(this.repeated());
    }
    return { kind: 'sequence', nodes };
  }

  private repeated(): PatternNode {
    const node = this.atom();
    const match = REPETITION.exec(this.text.slice(this.at, this.at + 12));
    if (match === null) return node;
    this.at += match[0].length;
    const [minimum, maximum] = bounds(match);
    // Lazy and greedy find the same texts; possessive does not.
    if (this.accept('+')) throw new PatternProblem('possessive repetition is not known here');
    this.accept('?');
    return { kind: 'repeat', node, minimum, maximum };
  }

  private atom(): PatternNode {
    const character = this.next();
    switch (character) {
      case '.':
        return { kind: 'set', set: setOf((code) => code !== 10) };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '(':
        return this.group();
      case '[':
        return { kind: 'set', set: this.bracket() };
      case '*':
      case '+':
      case '?':
        throw new PatternProblem(`"${character}" repeats nothing`);
      case '\\':
        return this.escape();
      default:
        return { kind: 'set', set: this.fold((code) => code === character.charCodeAt(0)) };
    }
  }

  private group(): PatternNode {
    if (this.accept('?') && !this.accept(':')) {
      throw new PatternProblem('of groups with "(?" only "(?:" is known here: no look-around, no names');
    }
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new PatternProblem(`more than ${MAX_DEPTH} groups within each other`);
    const node = this.choice();
    this.depth -= 1;
    if (!this.accept(')')) throw new PatternProblem('a ")" is missing in the pattern');
    return node;
  }

  private escape(): PatternNode {
    const letter = this.next();
    if (letter === 'b') return { kind: 'boundary' };
    if (letter === 'B') return { kind: 'inside' };
    if (letter === 'A') return { kind: 'start' };
    if (letter === 'Z' || letter === 'z') return { kind: 'end' };
    if (Object.hasOwn(CLASSES, letter)) return { kind: 'set', set: setOf(CLASSES[letter]) };
    const code = this.escapedCode(letter);
    return { kind: 'set', set: this.fold((other) => other === code) };
  }

  private escapedCode(letter: string): number {
    if (letter === 'x') {
      const digits = /^[0-9a-fA-F]{2}/.exec(this.text.slice(this.at, this.at + 2));
      if (digits === null) throw new PatternProblem('behind "\\x" come two hexadecimal digits');
      this.at += 2;
      return Number.parseInt(digits[0], 16);
    }
    if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter];
    if (/[a-zA-Z1-9]/.test(letter)) throw new PatternProblem(`"\\${letter}" is not known here`);
    return letter.charCodeAt(0);
  }

  private bracket(): CharacterSet {
    const isNegated = this.accept('^');
    const parts: ((code: number) => boolean)[] = [];
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      const low = this.bracketPart();
      if (typeof low !== 'number') {
        parts.push(low);
        continue;
      }
      let high: number | ((code: number) => boolean) = low;
      if (this.text[this.at] === '-' && this.at + 1 < this.text.length && this.text[this.at + 1] !== ']') {
        this.at += 1;
        high = this.bracketPart();
        if (typeof high !== 'number' || high < low) throw new PatternProblem('a range in "[…]" is out of order');
      }
      const top = high;
      parts.push((code) => code >= low && code <= top);
    }
    this.at += 1;
    const set = this.fold((code) => parts.some((part) => part(code)));
    return isNegated ? set.map((member) => 1 - member) : set;
  }

  private bracketPart(): number | ((code: number) => boolean) {
    if (this.text.startsWith('[:', this.at))
      throw new PatternProblem('named classes such as "[:alpha:]" are not known here');
    const character = this.next();
    if (character !== '\\') return character.charCodeAt(0);
    const letter = this.next();
    if (letter === 'b') return 8;
    return Object.hasOwn(CLASSES, letter) ? CLASSES[letter] : this.escapedCode(letter);
  }

  private fold(matches: (code: number) => boolean): CharacterSet {
    if (!this.foldCase) return setOf(matches);
    return setOf((code) => {
      const isLetter = isWordCharacter(code) && code >= 0x41 && code !== 0x5f;
      return matches(code) || (isLetter && matches(code ^ 0x20));
    });
  }

  private accept(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    if (this.at >= this.text.length) throw new PatternProblem('the pattern ends too early');
    return this.text[this.at++];
  }
}

function bounds([sign, low, comma, high]: RegExpExecArray): [minimum: number, maximum: number] {
  if (sign === '*') return [0, Number.POSITIVE_INFINITY];
  if (sign === '+') return [1, Number.POSITIVE_INFINITY];
  if (sign === '?') return [0, 1];
  const minimum = Number(low);
  const maximum = comma === undefined ? minimum : high === '' ? Number.POSITIVE_INFINITY : Number(high);
  const most = maximum === Number.POSITIVE_INFINITY ? minimum : maximum;
  if (most > MAX_REPEAT || maximum < minimum)
    throw new PatternProblem(`a repetition counts up to ${MAX_REPEAT}, from less to more`);
  return [minimum, maximum];
}
