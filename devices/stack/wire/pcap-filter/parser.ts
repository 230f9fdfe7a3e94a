/**
 * The grammar of libpcap's filters. `and` and `or` bind alike, from left to right; `not` binds tighter. A value without
 * qualifiers takes those of the one before: `port 80 or 443`.
 */
import { parseIpv4, parseMac, prefixMask } from '../address.js';
import { FilterProblem } from '../filter/filter-error.js';
import { TokenReader } from '../filter/token-reader.js';
import {
  ALWAYS,
  accessor,
  CONSTANTS,
  type Computation,
  combine,
  constant,
  FRAME_LENGTH,
  OPERATORS,
} from './arithmetic.js';
import { type PcapToken, tokenizePcap } from './lexer.js';
import {
  ETHER_TYPES,
  etherTypeTest,
  type FrameTest,
  IP_PROTOCOLS,
  ipProtocolTest,
  macTest,
  networkTest,
  PORT_NAMES,
  portTest,
  type Side,
  vlanTest,
} from './primitives.js';

type Kind = 'host' | 'net' | 'port' | 'portrange' | 'proto';

interface Qualifiers {
  readonly protocol?: string;
  readonly side?: Side;
  readonly kind?: Kind;
}

const KINDS: readonly string[] = ['host', 'net', 'port', 'portrange', 'proto'];
const COMPARATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const MAX_PORT = 65535;
const BROADCAST = 0xffffffffffff;

/** Throws {@link FilterProblem}. */
export function parsePcapFilter(text: string): FrameTest {
  const tokens = tokenizePcap(text);
  return tokens.length === 1 ? ALWAYS : new PcapParser(tokens).whole();
}

class PcapParser extends TokenReader<PcapToken> {
  private last: Qualifiers | undefined;
  /** After `vlan`, all that follows lies behind one tag more. */
  private tags = 0;

  whole(): FrameTest {
    const test = this.expression();
    if (this.token.kind !== 'end') this.refuse();
    return test;
  }

  private expression(): FrameTest {
    let left = this.term();
    for (;;) {
      const isAnd = this.accept('and', '&&');
      if (!isAnd && !this.accept('or', '||')) return left;
      left = pair(isAnd, left, this.term());
    }
  }

  private term(): FrameTest {
    return this.nested(() => this.termWithin());
  }

  private termWithin(): FrameTest {
    if (this.accept('not', '!')) {
      const test = this.term();
      return (frame) => !test(frame);
    }
    const relation = this.relation();
    if (relation !== undefined) return relation;
    if (this.accept('(')) {
      const test = this.expression();
      this.expect(')');
      return test;
    }
    return this.primitive();
  }

  /** Undefined, with nothing taken, for what is no comparison of numbers. */
  private relation(): FrameTest | undefined {
    const start = this.at;
    const { depth } = this;
    const isNumber = this.token.kind === 'number' || this.is('(', '-', 'len');
    const isAccess = this.token.kind === 'word' && this.tokens[this.at + 1].text === '[';
    if (!isNumber && !isAccess && !Object.hasOwn(CONSTANTS, this.token.text)) return undefined;
    try {
      const left = this.computation(0);
      const compare = this.token.kind === 'symbol' ? COMPARATORS[this.token.text] : undefined;
      if (compare !== undefined) {
        this.at += 1;
        const right = this.computation(0);
        return (frame) => left.guard(frame) && right.guard(frame) && compare(left.value(frame), right.value(frame));
      }
      if (isAccess) this.refuse('a comparison is missing here');
    } catch (error) {
      // An opening bracket may begin either.
      if (isAccess || !(error instanceof FilterProblem)) throw error;
    }
    this.at = start;
    this.depth = depth;
    return undefined;
  }

  private computation(level: number): Computation {
    if (level === OPERATORS.length) return this.operand();
    let left = this.computation(level + 1);
    while (this.is(...OPERATORS[level])) {
      const operator = this.token.text;
      this.at += 1;
      left = combine(operator, left, this.computation(level + 1));
    }
    return left;
  }

  private operand(): Computation {
    return this.nested(() => this.operandWithin());
  }

  private operandWithin(): Computation {
    const { kind, text, column } = this.token;
    if (this.accept('-')) return combine('-', constant(0), this.operand());
    if (this.accept('(')) {
      const inner = this.computation(0);
      this.expect(')');
      return inner;
    }
    if (this.accept('len')) return FRAME_LENGTH;
    if (kind === 'number') return constant(this.integer(0xffffffff));
    if (kind !== 'word') this.refuse();
    this.at += 1;
    if (Object.hasOwn(CONSTANTS, text)) return constant(CONSTANTS[text]);
    if (!this.accept('[')) {
      this.at -= 1;
      this.refuse();
    }
    const offset = this.computation(0);
    const width = this.accept(':') ? this.integer(4) : 1;
    if (width !== 1 && width !== 2 && width !== 4) this.refuse('1, 2 or 4 bytes make a number');
    this.expect(']');
    const computation = accessor(text, this.tags, offset, width);
    if (computation === undefined) throw new FilterProblem(`"${text}" is no protocol with bytes to look at`, column);
    return computation;
  }

  private integer(maximum: number): number {
    const { kind, text } = this.token;
    if (kind !== 'number') this.refuse('a number is needed here');
    const value = Number(text);
    if (value > maximum) this.refuse(`${text} is too large here: at most ${maximum}`);
    this.at += 1;
    return value;
  }

  private primitive(): FrameTest {
    const alone = this.standing();
    if (alone !== undefined) return alone;
    const start = this.at;
    const protocol = this.protocol();
    const side = this.side();
    const kind = this.accept(...KINDS) ? (this.tokens[this.at - 1].text as Kind) : undefined;
    if (this.at === start) {
      // Nothing but a value.
      if (this.last === undefined) {
        this.refuse(this.token.kind === 'address' ? `before ${this.token.text} comes "host" or "net"` : undefined);
      }
      return this.values(this.last);
    }
    const isDone = side === undefined && kind === undefined;
    if (isDone && protocol !== undefined && !this.isValue()) return this.protocolAlone(protocol);
    const qualifiers = { protocol, side, kind };
    this.last = qualifiers;
    return this.values(qualifiers);
  }

  /** What needs no value, or has one of its own kind. */
  private standing(): FrameTest | undefined {
    const next = this.tokens[this.at + 1]?.text;
    const isOf = this.is('ether', 'ip') && (next === 'broadcast' || next === 'multicast');
    const of = isOf ? this.token.text : 'ether';
    if (isOf) this.at += 1;
    const { tags } = this;
    if (this.accept('broadcast')) {
      if (of === 'ether') return macTest('dst', BROADCAST);
      // Which addresses are broadcasts of their networks, only a host with its masks knows.
      return networkTest(tags, 'dst', 0xffffffff, 0xffffffff, 'ip');
    }
    if (this.accept('multicast')) {
      if (of === 'ip') return networkTest(tags, 'dst', 0xe0000000, 0xf0000000, 'ip');
      return (frame) => (Math.floor(frame.mac(0) / 0x10000000000) & 1) === 1;
    }
    if (this.accept('less', 'greater')) {
      const isLess = this.tokens[this.at - 1].text === 'less';
      const length = this.integer(0xffffffff);
      return (frame) => (isLess ? frame.length <= length : frame.length >= length);
    }
    if (this.accept('vlan')) {
      const id = this.token.kind === 'number' ? this.integer(4095) : undefined;
      this.tags += 1;
      return vlanTest(tags, id);
    }
    return undefined;
  }

  private protocol(): string | undefined {
    const { kind, text } = this.token;
    const isKnown = text === 'ether' || Object.hasOwn(ETHER_TYPES, text) || Object.hasOwn(IP_PROTOCOLS, text);
    if (kind !== 'word' || !isKnown) return undefined;
    this.at += 1;
    return text;
  }

  private protocolAlone(protocol: string): FrameTest {
    if (protocol === 'ether') this.refuse('"ether" needs a host, a protocol or "broadcast" behind it');
    if (Object.hasOwn(ETHER_TYPES, protocol)) return etherTypeTest(this.tags, ETHER_TYPES[protocol]);
    return ipProtocolTest(this.tags, IP_PROTOCOLS[protocol]);
  }

  private side(): Side | undefined {
    if (!this.is('src', 'dst')) return undefined;
    const side = this.token.text as Side;
    this.at += 1;
    const [joint, other] = [this.token.text, this.tokens[this.at + 1]?.text];
    if ((joint !== 'or' && joint !== 'and') || (other !== 'src' && other !== 'dst')) return side;
    this.at += 2;
    return joint === 'or' ? 'either' : 'both';
  }

  private isValue(): boolean {
    const { kind, text } = this.token;
    return kind === 'address' || kind === 'mac' || kind === 'number' || (kind === 'symbol' && text === '(');
  }

  /** One value, or several in brackets: `port (80 or 443)`. */
  private values(qualifiers: Qualifiers): FrameTest {
    if (!this.accept('(')) return this.value(qualifiers);
    let left = this.value(qualifiers);
    for (;;) {
      const isAnd = this.accept('and', '&&');
      if (!isAnd && !this.accept('or', '||')) break;
      left = pair(isAnd, left, this.value(qualifiers));
    }
    this.expect(')');
    return left;
  }

  private value(qualifiers: Qualifiers): FrameTest {
    if (this.accept('not', '!')) {
      const test = this.value(qualifiers);
      return (frame) => !test(frame);
    }
    const { side = 'either', kind = 'host' } = qualifiers;
    switch (kind) {
      case 'host':
        return this.host(qualifiers, side);
      case 'net':
        return this.net(qualifiers, side);
      case 'proto':
        return this.protocolNumber(qualifiers);
      default:
        return this.ports(qualifiers, side, kind);
    }
  }

  /** Where addresses are looked for. */
  private addressesOf({ protocol }: Qualifiers): 'ip' | 'arp' | 'any' {
    if (protocol === undefined) return 'any';
    if (protocol === 'ip' || protocol === 'arp') return protocol;
    throw new FilterProblem(
      `"${protocol}" has no hosts or networks of its own: join them with "and"`,
      this.token.column,
    );
  }

  private host(qualifiers: Qualifiers, side: Side): FrameTest {
    const { kind, text } = this.token;
    if (qualifiers.protocol === 'ether' || (kind === 'mac' && qualifiers.protocol === undefined)) {
      const pairs = text.split(/[:-]/).map((octet) => octet.padStart(2, '0'));
      const mac = kind === 'mac' ? parseMac(pairs.join(':')) : undefined;
      if (mac === undefined) this.refuse('a MAC address is needed here');
      this.at += 1;
      return macTest(side, mac);
    }
    if (kind === 'word') this.refuse(`"${text}" is a name; here hosts are given by their addresses`);
    const of = this.addressesOf(qualifiers);
    const address = kind === 'address' ? parseIpv4(text) : undefined;
    if (address === undefined) {
      // `src 10.0` is a network.
      if (qualifiers.kind === undefined && (kind === 'address' || kind === 'number')) return this.net(qualifiers, side);
      this.refuse('an IPv4 address is needed here');
    }
    if (qualifiers.kind === undefined && this.tokens[this.at + 1].text === '/') return this.net(qualifiers, side);
    this.at += 1;
    return networkTest(this.tags, side, address, 0xffffffff, of);
  }

  /** `10.0.0.0/8`, `10`, `192.0.2`, `10.0.0.0 mask 255.0.0.0`. */
  private net(qualifiers: Qualifiers, side: Side): FrameTest {
    const of = this.addressesOf(qualifiers);
    const { kind, text } = this.token;
    const octets = text.split('.');
    const address = parseIpv4([...octets, '0', '0', '0'].slice(0, 4).join('.'));
    if ((kind !== 'address' && kind !== 'number') || address === undefined) this.refuse('a network is needed here');
    this.at += 1;
    let mask = prefixMask(8 * octets.length);
    if (this.accept('/')) mask = prefixMask(this.integer(32));
    else if (this.accept('mask')) {
      const written = this.token.kind === 'address' ? parseIpv4(this.token.text) : undefined;
      if (written === undefined) this.refuse('a mask such as 255.255.255.0 is needed here');
      mask = written;
      this.at += 1;
    }
    if ((address & ~mask) !== 0) {
      this.at -= 1;
      this.refuse(`the network ${text} has bits beyond its mask`);
    }
    return networkTest(this.tags, side, address, mask, of);
  }

  private ports({ protocol }: Qualifiers, side: Side, kind: Kind): FrameTest {
    const number = protocol === undefined ? undefined : IP_PROTOCOLS[protocol];
    if (protocol !== undefined && !['tcp', 'udp', 'sctp'].includes(protocol)) {
      if (protocol !== 'ip') this.refuse(`"${protocol}" has no ports`);
    }
    const low = this.port();
    const high = kind === 'portrange' && this.accept('-') ? this.port() : low;
    return portTest(this.tags, side, Math.min(low, high), Math.max(low, high), number);
  }

  private port(): number {
    const { kind, text } = this.token;
    if (kind === 'word' && Object.hasOwn(PORT_NAMES, text)) {
      this.at += 1;
      return PORT_NAMES[text];
    }
    if (kind === 'word') this.refuse(`"${text}" is no port that is known here: give its number`);
    return this.integer(MAX_PORT);
  }

  private protocolNumber({ protocol = 'ip' }: Qualifiers): FrameTest {
    const name = this.token.text.replace('\\', '');
    const names = protocol === 'ether' ? ETHER_TYPES : IP_PROTOCOLS;
    if (protocol !== 'ether' && protocol !== 'ip') this.refuse(`"${protocol}" carries no protocols`);
    if (this.token.kind === 'word' && !Object.hasOwn(names, name))
      this.refuse(`"${name}" is no protocol of ${protocol}`);
    let number: number;
    if (this.token.kind === 'word') {
      number = names[name];
      this.at += 1;
    } else number = this.integer(protocol === 'ether' ? 0xffff : 0xff);
    return protocol === 'ether' ? etherTypeTest(this.tags, number) : ipProtocolTest(this.tags, number);
  }
}

function pair(isAnd: boolean, left: FrameTest, right: FrameTest): FrameTest {
  if (isAnd) return (frame) => left(frame) && right(frame);
  return (frame) => left(frame) || right(frame);
}
