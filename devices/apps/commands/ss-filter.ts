/**
 * The filters of `ss` (ss(8), "EXPRESSION"): which sockets are meant. `state established`, `exclude time-wait`, then an
 * expression of `src`, `dst`, `sport` and `dport` with `and`, `or`, `not` and parentheses; `and` may be left out.
 */
import type { SocketRow } from '../../control/tables.js';
import { type Cidr, networkOf, parseCidr, parseIpv4 } from '../../stack/wire/address.js';
import { UsageError } from './define.js';
import { servicePort } from './names.js';
import { SS_STATES, type SsState, stateOf } from './ss-state.js';

export interface SocketFilter {
  /** undefined: the options say which. */
  readonly states: ReadonlySet<SsState> | undefined;
  matches(row: SocketRow): boolean;
}

type Condition = (row: SocketRow) => boolean;

const CONNECTED = SS_STATES.filter((state) => state !== 'LISTEN' && state !== 'UNCONN');
const BUCKET: readonly SsState[] = ['SYN-RECV', 'TIME-WAIT'];

/** The names that stand for several states, and for states that are printed otherwise. */
const STATE_NAMES: Readonly<Record<string, readonly SsState[]>> = {
  all: SS_STATES,
  connected: CONNECTED,
  synchronized: CONNECTED.filter((state) => state !== 'SYN-SENT'),
  bucket: BUCKET,
  big: SS_STATES.filter((state) => !BUCKET.includes(state)),
  established: ['ESTAB'],
  closed: ['UNCONN'],
  unconnected: ['UNCONN'],
  listening: ['LISTEN'],
};

/** Throws UsageError for what is no filter. */
export function parseSocketFilter(words: readonly string[]): SocketFilter {
  const rest = words.flatMap((word) => word.split(/([()]|\s+)/)).filter((word) => word.trim() !== '');
  const states = readStates(rest);
  if (rest.length === 0) return { states, matches: () => true };
  const parser = new Parser(rest);
  return { states, matches: parser.whole() };
}

/** Takes `state NAME` and `exclude NAME`, any number of them, off the front. */
function readStates(words: string[]): ReadonlySet<SsState> | undefined {
  let states: Set<SsState> | undefined;
  for (let word = words[0]; word === 'state' || /^excl(ude)?$/.test(word ?? ''); word = words[0]) {
    words.shift();
    const named = statesNamed(words.shift());
    if (word === 'state') states = new Set([...(states ?? []), ...named]);
    else states = new Set([...(states ?? SS_STATES)].filter((state) => !named.includes(state)));
  }
  return states;
}

function statesNamed(name = ''): readonly SsState[] {
  const group = Object.hasOwn(STATE_NAMES, name) ? STATE_NAMES[name] : undefined;
  const single = SS_STATES.find((state) => state.toLowerCase() === name);
  if (group === undefined && single === undefined) throw new UsageError(`wrong state name: ${name}`);
  return group ?? [single as SsState];
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};
const OPERATOR_WORDS: Readonly<Record<string, string>> = {
  '==': '=',
  eq: '=',
  ne: '!=',
  neq: '!=',
  gt: '>',
  lt: '<',
  ge: '>=',
  geq: '>=',
  le: '<=',
  leq: '<=',
};
const AND = new Set(['and', '&', '&&']);
const OR = new Set(['or', '|', '||']);
const NOT = new Set(['not', '!']);

class Parser {
  private readonly words: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(words: readonly string[]) {
    this.words = words;
  }

  whole(): Condition {
    const condition = this.either();
    if (this.at < this.words.length) throw new UsageError(`unexpected '${this.words[this.at]}' in the filter`);
    return condition;
  }

  private either(): Condition {
    let left = this.both();
    while (this.takeAny(OR)) {
      const [first, second] = [left, this.both()];
      left = (row) => first(row) || second(row);
    }
    return left;
  }

  private both(): Condition {
    let left = this.single();
    while (this.takeAny(AND) || this.continues()) {
      const [first, second] = [left, this.single()];
      left = (row) => first(row) && second(row);
    }
    return left;
  }

  private single(): Condition {
    if (this.takeAny(NOT)) {
      const inner = this.nested(() => this.single());
      return (row) => !inner(row);
    }
    const word = this.next();
    if (word === '(') {
      const inner = this.nested(() => this.either());
      if (this.next() !== ')') throw new UsageError('a parenthesis of the filter is not closed');
      return inner;
    }
    if (word === 'src' || word === 'dst') return this.host(word);
    if (word === 'sport' || word === 'dport') return this.port(word);
    throw new UsageError(`'${word}' begins no condition: src, dst, sport and dport do`);
  }

  private nested(read: () => Condition): Condition {
    this.depth += 1;
    if (this.depth > 50) throw new UsageError('the filter is nested too deeply');
    const condition = read();
    this.depth -= 1;
    return condition;
  }

  /** `dst 10.0.0.0/8`, `dst = 10.0.0.2:80`, `dst :80`, `src != *` */
  private host(side: 'src' | 'dst'): Condition {
    const operator = this.operator() ?? '=';
    if (operator !== '=' && operator !== '!=') throw new UsageError(`${side} is compared with = and != only`);
    const [network, port] = parseHost(this.next());
    const isMeant: Condition = (row) => {
      const end = endOf(row, side);
      return (network === undefined || contains(network, end.address)) && (port === undefined || end.port === port);
    };
    return operator === '=' ? isMeant : (row) => !isMeant(row);
  }

  /** `sport = :80`, `dport > :1024`, `sport = :http` */
  private port(side: 'sport' | 'dport'): Condition {
    const compare = OPERATORS[this.operator() ?? '='];
    const text = this.next();
    const port = servicePort(text.replace(/^\*?:/, ''));
    if (port === undefined) throw new UsageError(`'${text}' is not a port`);
    return (row) => compare(endOf(row, side === 'sport' ? 'src' : 'dst').port, port);
  }

  private operator(): string | undefined {
    const word = this.words[this.at] ?? '';
    const operator = Object.hasOwn(OPERATOR_WORDS, word) ? OPERATOR_WORDS[word] : word;
    if (!Object.hasOwn(OPERATORS, operator)) return undefined;
    this.at += 1;
    return operator;
  }

  private continues(): boolean {
    const word = this.words[this.at];
    return word !== undefined && word !== ')' && !OR.has(word);
  }

  private takeAny(words: ReadonlySet<string>): boolean {
    if (!words.has(this.words[this.at])) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    const word = this.words[this.at];
    if (word === undefined) throw new UsageError('the filter ends too early');
    this.at += 1;
    return word;
  }
}

function parseHost(text: string): [network: Cidr | undefined, port: number | undefined] {
  const [host, portText, ...others] = text.split(':');
  const port = portText === undefined || portText === '*' ? undefined : servicePort(portText);
  if (others.length > 0 || (port === undefined && portText !== undefined && portText !== '*')) {
    throw new UsageError(`'${text}' is neither an address nor a network, with or without a port`);
  }
  if (host === '' || host === '*') return [undefined, port];
  const address = parseIpv4(host);
  const network = address === undefined ? parseCidr(host) : { address, prefixLength: 32 };
  if (network === undefined) throw new UsageError(`an inet prefix is expected rather than "${text}"`);
  return [network, port];
}

function contains(network: Cidr, address: number): boolean {
  return networkOf({ ...network, address }) === networkOf(network);
}

/** A port of `*` counts as 0. */
function endOf(row: SocketRow, side: 'src' | 'dst'): { address: number; port: number } {
  const [address, port] = (side === 'src' ? row.local : row.remote).split(':');
  return { address: parseIpv4(address) ?? 0, port: port === '*' ? 0 : Number(port) };
}

/** Whether the states that a filter names, or else the options `-a` and `-l`, mean this socket. */
export function isWanted(row: SocketRow, { states }: SocketFilter, all: boolean, listening: boolean): boolean {
  const state = stateOf(row);
  if (states !== undefined) return states.has(state);
  const waits = state === 'LISTEN' || state === 'UNCONN';
  if (all) return true;
  if (listening) return waits;
  // Without -a ss shows what is connected: neither servers nor what is all but gone.
  return !waits && !BUCKET.includes(state);
}
