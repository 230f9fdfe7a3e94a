/** Options as getopt(3) reads them: `-nq -c3 -c 3 --count=3`, operands anywhere between, `--` ends the options. */
import { UsageError } from './define.js';

export class Arguments {
  /** What is not an option, in order. */
  readonly operands: readonly string[];
  private readonly values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.values = values;
  }

  has(option: string): boolean {
    return this.values.has(option);
  }

  /** Of an option that takes a value; the last one counts. */
  value(option: string): string | undefined {
    return this.values.get(option)?.at(-1);
  }

  /** Of an option that may be repeated. */
  all(option: string): readonly string[] {
    return this.values.get(option) ?? [];
  }

  /** A whole number in the given range. Throws UsageError for anything else. */
  integer(option: string, minimum: number, maximum: number): number | undefined {
    const value = this.value(option);
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) throw new UsageError(`invalid argument: '${value}'`);
    const number = Number(value);
    if (number >= minimum && number <= maximum) return number;
    throw new UsageError(`invalid argument: '${value}': out of range: ${minimum} <= value <= ${maximum}`);
  }

  /** A number of seconds, fractions allowed. Throws UsageError for anything else. */
  seconds(option: string, minimum: number): number | undefined {
    const value = this.value(option);
    if (value === undefined) return undefined;
    const number = /^\d*\.?\d+$|^\d+\.$/.test(value) ? Number(value) : Number.NaN;
    if (number >= minimum && number <= MAX_SECONDS) return number;
    throw new UsageError(`invalid argument: '${value}'`);
  }
}

const MAX_SECONDS = 1_000_000;

/**
 * @param letters as getopt's optstring: `nqc:` has `-n`, `-q`, and `-c` with a value
 * @param long names of options to the letter, or name, under which they are kept: `{ count: 'c' }`. A name that
 * ends in `:` takes a value and has no letter.
 * Throws UsageError for an option that is none of these, or lacks its value.
 */
export function parseArguments(
  argv: readonly string[],
  letters: string,
  long: Readonly<Record<string, string>> = {},
): Arguments {
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  const add = (option: string, value: string): void => {
    values.set(option, [...(values.get(option) ?? []), value]);
  };
  const rest = [...argv];
  const valueAfter = (shown: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new UsageError(`option requires an argument -- '${shown}'`);
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest);
      break;
    }
    if (word.startsWith('--')) {
      const [name, inline] = splitOnce(word.slice(2), '=');
      const kept = Object.hasOwn(long, name) ? long[name] : undefined;
      if (kept === undefined) throw new UsageError(`unrecognized option '--${name}'`);
      const takesValue = kept.endsWith(':') || letters.includes(`${kept}:`);
      if (!takesValue && inline !== undefined) throw new UsageError(`option '--${name}' doesn't allow an argument`);
      add(kept.replace(/:$/, ''), takesValue ? (inline ?? valueAfter(name)) : '');
    } else if (word.startsWith('-') && word !== '-') {
      readLetters(word.slice(1), letters, add, valueAfter);
    } else {
      operands.push(word);
    }
  }
  return new Arguments(operands, values);
}

/** `nc3`: letters without a value, then perhaps one with the rest, or the next word, as its value. */
function readLetters(
  word: string,
  letters: string,
  add: (option: string, value: string) => void,
  valueAfter: (shown: string) => string,
): void {
  for (let at = 0; at < word.length; at++) {
    const letter = word[at];
    const index = letter === ':' ? -1 : letters.indexOf(letter);
    if (index < 0) throw new UsageError(`invalid option -- '${letter}'`);
    if (letters[index + 1] !== ':') {
      add(letter, '');
      continue;
    }
    const inline = word.slice(at + 1);
    add(letter, inline === '' ? valueAfter(letter) : inline);
    return;
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
