/**
 * The arguments of `dig`: servers, names, types and classes in any order, options with a `-`, and with a `+` those of a
 * query. What stands before the first name is for all queries, what stands behind a name for that one.
 */
import { reverseName } from '../../net/resolver.js';
import { nameFromText } from '../../stack/wire/dns-name.js';
import { CLASS_CH, CLASS_IN, typeFromText } from '../../stack/wire/dns-record.js';
import { DEFAULT_LOOKUP, type DigLookup } from './dig-lookup.js';
import { type DigOutput, queryOption } from './dig-options.js';

export interface DigArguments {
  readonly lookups: readonly DigLookup[];
  readonly output: DigOutput;
  /** A server stands in front of the first name: that is remarked upon. */
  readonly isServerNamed: boolean;
  /** What is to be said of them before anything else, each a line. */
  readonly warnings: readonly string[];
}

/** Wrong arguments, as dig complains of them, with its exit status. */
export class DigUsageError extends Error {
  readonly status: number;
  /** Said on standard output first. */
  readonly remark: string;

  constructor(message: string, status: number, remark = '') {
    super(message);
    this.status = status;
    this.remark = remark;
  }
}

export const DIG_USAGE = `Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use "dig -h" (or "dig -h | more") for complete list of options
`;

/** Throws {@link DigUsageError}. Without a name the question is for the root's servers. */
export function parseDigArguments(argv: readonly string[]): DigArguments {
  return new Parser().parse(argv);
}

class Parser {
  /** For lookups to come, until there is one: then each starts as this was, and goes its own way. */
  private common: DigLookup = DEFAULT_LOOKUP;
  private readonly lookups: DigLookup[] = [];
  private readonly output: DigOutput = { cmd: true, short: false };
  private readonly warnings: string[] = [];
  /** A type or a class was given by `-t` or `-c`: words are names then. */
  private isExplicit = false;

  parse(argv: readonly string[]): DigArguments {
    const words = [...argv];
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      if (word.startsWith('@')) this.change({ servers: [...this.current.servers, word.slice(1)] });
      else if (word.startsWith('+')) this.change(queryOption(word.slice(1), this.current, this.output));
      else if (word.startsWith('-') && word.length > 1) this.option(word, words);
      else this.word(word);
    }
    const lookups = this.lookups.length > 0 ? this.lookups : [rootServers(this.common)];
    return {
      lookups,
      output: this.output,
      isServerNamed: this.common.servers.length > 0,
      warnings: this.warnings,
    };
  }

  private get current(): DigLookup {
    return this.lookups.at(-1) ?? this.common;
  }

  private change(changes: Partial<DigLookup>): void {
    const changed = { ...this.current, ...changes };
    if (this.lookups.length === 0) this.common = changed;
    else this.lookups[this.lookups.length - 1] = changed;
  }

  private option(word: string, words: string[]): void {
    const letter = word[1];
    if (word === '-h') throw new DigUsageError('', 0, DIG_USAGE);
    if (word === '-v') throw new DigUsageError('DiG (netarium)\n', 0);
    if (['-4', '-m', '-r', '-u'].includes(word)) return;
    if (!'xtpqc'.includes(letter)) throw new DigUsageError(`Invalid option: ${word}\n${DIG_USAGE}`, 1);
    const value = word.length > 2 ? word.slice(2) : words.shift();
    if (value === undefined) throw new DigUsageError(`Invalid option: ${word}\n${DIG_USAGE}`, 1);
    switch (letter) {
      case 't':
        this.setType(value);
        break;
      case 'c':
        this.setClass(value);
        break;
      case 'p':
        this.change({ port: numberOf('port number', value, 65535, 1) });
        break;
      case 'q':
        this.addLookup(value);
        break;
      case 'x':
        this.addReverse(value);
        break;
    }
  }

  private word(word: string): void {
    const type = this.isExplicit ? undefined : typeOrTransfer(word);
    const className = this.isExplicit ? undefined : classFromText(word);
    if (type !== undefined) this.change(type);
    else if (className !== undefined) this.change({ class: className });
    else this.addLookup(word);
  }

  private setType(text: string): void {
    this.isExplicit = true;
    const type = typeOrTransfer(text);
    if (type !== undefined) this.change(type);
    else this.warnings.push(`;; Warning, ignoring invalid type ${text}`);
  }

  private setClass(text: string): void {
    this.isExplicit = true;
    const number = classFromText(text);
    if (number !== undefined) this.change({ class: number });
    else this.warnings.push(`;; Warning, ignoring invalid class ${text}`);
  }

  private addLookup(name: string): void {
    this.lookups.push({ ...this.common, name });
  }

  private addReverse(text: string): void {
    const name = reverseName(text) ?? partialReverse(text);
    if (name === undefined) throw new DigUsageError(`Invalid IP address ${text}\n`, 1);
    this.lookups.push({ ...this.common, name, type: 'PTR' });
  }
}

/** A type; `ixfr=7` also says which serial is known. */
function typeOrTransfer(text: string): Pick<DigLookup, 'type' | 'knownSerial'> | undefined {
  const serial = /^ixfr=(\d{1,10})$/i.exec(text)?.[1];
  const type = serial === undefined ? typeFromText(text) : 'IXFR';
  if (type === undefined) return undefined;
  return { type, knownSerial: serial === undefined ? undefined : Number(serial) };
}

function rootServers(common: DigLookup): DigLookup {
  return { ...common, type: common.type ?? 'NS' };
}

/** `10.0.0` is the name of that network under in-addr.arpa; what is no part of an address too, as it is. */
function partialReverse(text: string): string | undefined {
  const name = `${text.split('.').reverse().join('.')}.in-addr.arpa`;
  return nameFromText(name) === undefined ? undefined : name;
}

/** Throws {@link DigUsageError} as dig does, which has one status for each kind of mistake. */
export function numberOf(what: string, text: string | undefined, most: number, status: number): number {
  const number = /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (number <= most) return number;
  const reason = Number.isNaN(number) ? 'not a valid number' : 'out of range';
  throw new DigUsageError(`dig: Couldn't parse ${what}\n`, status, `invalid ${what} '${text ?? ''}': ${reason}\n`);
}

function classFromText(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (upper === 'IN') return CLASS_IN;
  if (upper === 'CH' || upper === 'CHAOS') return CLASS_CH;
  const match = /^CLASS(\d{1,5})$/.exec(upper);
  return match === null || Number(match[1]) > 0xffff ? undefined : Number(match[1]);
}
