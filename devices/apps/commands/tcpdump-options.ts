/** The options of `tcpdump`. */
import type { PrintOptions } from '../../stack/wire/tcpdump/packet-printer.js';
import { type Arguments, parseArguments } from './arguments.js';
import { CommandFailure, UsageError } from './define.js';

export interface TcpdumpOptions {
  /** As written; undefined: the first interface. */
  readonly interface: string | undefined;
  readonly listInterfaces: boolean;
  /** Infinity: until Ctrl-C. */
  readonly count: number;
  readonly direction: 'in' | 'out' | 'inout';
  /** How often -t was given: 0 the time of day, 1 none, 2 seconds, 3 since the one before, 4 with the date, 5 since the first. */
  readonly timeFormat: number;
  readonly number: boolean;
  readonly print: PrintOptions;
  readonly expression: string;
}

const LETTERS = 'AD#c:ei:lnpqQ:r:s:StUvw:xXK';
const LONG = {
  'absolute-tcp-sequence-numbers': 'S',
  direction: 'Q',
  'dont-verify-checksums': 'K',
  'immediate-mode': 'U',
  interface: 'i',
  'list-interfaces': 'D',
  'no-promiscuous-mode': 'p',
  number: '#',
  'packet-buffered': 'U',
  'snapshot-length': 's',
};

/** Throws UsageError and CommandFailure. */
export function readTcpdumpOptions(argv: readonly string[]): TcpdumpOptions {
  const args = parseArguments(argv, LETTERS, LONG);
  for (const option of ['w', 'r']) {
    if (!args.has(option)) continue;
    throw new CommandFailure(
      `-${option}: a device has no files. "netarium capture -w FILE" on the machine that runs the lab writes one.`,
    );
  }
  const direction = args.value('Q') ?? 'inout';
  if (direction !== 'in' && direction !== 'out' && direction !== 'inout') {
    throw new UsageError(`unknown capture direction '${direction}': it is in, out or inout`);
  }
  return {
    interface: args.value('i'),
    listInterfaces: args.has('D'),
    count: args.integer('c', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY,
    direction,
    timeFormat: Math.min(5, args.all('t').length),
    number: args.has('#'),
    print: readPrintOptions(args),
    expression: args.operands.join(' '),
  };
}

function readPrintOptions(args: Arguments): PrintOptions {
  const hex = args.all('x').length;
  const text = args.all('X').length;
  return {
    verbosity: Math.min(2, args.all('v').length) as 0 | 1 | 2,
    quiet: args.has('q'),
    linkLevel: args.has('e'),
    absoluteSequence: args.has('S'),
    dump: text > 0 ? 'text' : hex > 0 ? 'hex' : undefined,
    dumpLinkLevel: hex > 1 || text > 1,
    ascii: args.has('A'),
  };
}
