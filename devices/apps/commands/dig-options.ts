/** dig's options with a `+`, each of which has a `+no…`. */
import { fromHex } from '../../stack/wire/bytes.js';
import { SECTIONS, type SectionName } from '../dns/presentation.js';
import { DIG_USAGE, DigUsageError, numberOf } from './dig-arguments.js';
import type { DigLookup } from './dig-lookup.js';

/** Of the whole call. */
export interface DigOutput {
  /** The line with the arguments. */
  cmd: boolean;
  short: boolean;
}

type Change = (on: boolean, value: string | undefined, lookup: DigLookup) => Partial<DigLookup>;

const MAX_TIMEOUT_SECONDS = 0xffff;
const EDNS_MAX_VERSION = 255;

function flag(key: keyof DigLookup): Change {
  return (on) => ({ [key]: on });
}

const ALL_SECTIONS: Change = (on) => ({
  sections: new Set(on ? SECTIONS : []),
  comments: on,
  stats: on,
});

const tries: Change = (_on, value) => ({ tries: Math.max(1, numberOf('tries', value, 10_000, 10)) });
const timeout: Change = (_on, value) => ({
  timeoutMs: 1000 * Math.max(1, numberOf('timeout', value, MAX_TIMEOUT_SECONDS, 10)),
});
const tcp = flag('tcp');
const recurse = flag('recursionDesired');
const dnssec = flag('dnssec');

const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['aaflag', flag('authoritative')],
  ['aaonly', flag('authoritative')],
  ['adflag', flag('authenticData')],
  ['all', ALL_SECTIONS],
  ['bufsize', (on, value) => (on ? { bufferSize: numberOf('buffer size', value, 0xffff, 10), edns: 0 } : {})],
  ['cdflag', flag('checkingDisabled')],
  ['class', flag('showClass')],
  ['comments', flag('comments')],
  ['cookie', (on) => ({ cookie: on, ...(on ? { edns: 0 } : {}) })],
  ['dnssec', dnssec],
  ['do', dnssec],
  ['edns', (on, value) => ({ edns: on ? numberOf('edns version', value ?? '0', EDNS_MAX_VERSION, 10) : undefined })],
  ['ednsflags', (on, value) => ({ ednsFlags: on ? flagsOf(value) : 0 })],
  ['ednsnegotiation', flag('ednsNegotiation')],
  ['ednsopt', (on, value, { options }) => ({ options: on ? [...options, optionOf(value)] : [] })],
  ['fail', () => ({})],
  ['identify', flag('identify')],
  ['ignore', flag('ignoreTruncation')],
  ['keepalive', flag('keepalive')],
  ['multiline', flag('multiline')],
  ['nsid', flag('nsid')],
  ['qr', flag('query')],
  ['rdflag', recurse],
  ['recurse', recurse],
  ['retry', (_on, value) => ({ tries: 1 + numberOf('retries', value, 10_000, 10) })],
  ['search', flag('search')],
  ['stats', flag('stats')],
  ['tcp', tcp],
  ['time', timeout],
  ['timeout', timeout],
  ['trace', (on) => (on ? TRACING : { trace: false })],
  ['tries', tries],
  ['ttlid', flag('showTtl')],
  ['ttlunits', (on) => ({ ttlUnits: on, ...(on ? { showTtl: true } : {}) })],
  ['vc', tcp],
  ['zflag', flag('reserved')],
  // Without an effect here: there is nothing that they would change.
  ...['badcookie', 'besteffort', 'crypto', 'defname', 'dscp', 'expandaaaa', 'idnin', 'idnout', 'keepopen', 'mapped']
    .concat(['onesoa', 'padding', 'raflag', 'rrcomments', 'showsearch', 'split', 'subnet', 'tcflag', 'topdown'])
    .concat(['unknownformat', 'ndots', 'nssearch', 'domain', 'opcode', 'header-only', 'dns64prefix', 'expire'])
    .map((name): [string, Change] => [name, () => ({})]),
]);

const TRACING: Partial<DigLookup> = {
  trace: true,
  recursionDesired: true,
  identify: true,
  comments: false,
  stats: false,
  search: false,
  dnssec: true,
  cookie: true,
  sections: new Set<SectionName>(['answer', 'authority']),
};

/** What the option changes. Throws {@link DigUsageError}. A word may be cut short where only one option begins so. */
export function queryOption(word: string, lookup: DigLookup, output: DigOutput): Partial<DigLookup> {
  const [full, value] = word.split('=', 2);
  const isKnown = (name: string) => CHANGES.has(name) || name === 'cmd' || name === 'short' || isSection(name);
  const on = !full.startsWith('no') || isKnown(full);
  const name = fullName(on ? full : full.slice(2));
  if (name === 'cmd') output.cmd = on;
  if (name === 'short') {
    output.short = on;
    if (!on) return {};
    return { sections: new Set<SectionName>(['answer']), comments: false, stats: false };
  }
  if (name === 'all') output.cmd = on;
  if (isSection(name)) {
    const sections = new Set(lookup.sections);
    if (on) sections.add(name);
    else sections.delete(name);
    return { sections };
  }
  const change = CHANGES.get(name);
  if (change !== undefined) return change(on, value, lookup);
  if (name === 'cmd') return {};
  throw new DigUsageError(`Invalid option: +${word}\n${DIG_USAGE}`, 1);
}

function isSection(name: string): name is SectionName {
  return (SECTIONS as readonly string[]).includes(name);
}

/** dig takes any beginning that it has a rule for; here any that is clear, and the usual short forms. */
function fullName(text: string): string {
  const names = [...CHANGES.keys(), ...SECTIONS, 'cmd', 'short'];
  if (names.includes(text)) return text;
  const usual = { rec: 'recurse', multi: 'multiline', ad: 'adflag', cd: 'cdflag', ans: 'answer', add: 'additional' };
  if (Object.hasOwn(usual, text)) return usual[text as keyof typeof usual];
  const matching = text.length < 2 ? [] : names.filter((name) => name.startsWith(text));
  return matching.length === 1 ? matching[0] : text;
}

function flagsOf(value: string | undefined): number {
  const flags = Number(value ?? '0');
  if (Number.isInteger(flags) && flags >= 0 && flags <= 0xffff) return flags;
  throw new DigUsageError("dig: Couldn't parse ednsflags\n", 10, `invalid ednsflags '${value}': out of range\n`);
}

/** `65001:0a0b`, `nsid`, … */
function optionOf(value: string | undefined): { code: number; data: Uint8Array } {
  const [code = '', hex = ''] = (value ?? '').split(':', 2);
  try {
    return { code: numberOf('ednsopt code point', code, 0xffff, 1), data: fromHex(hex) };
  } catch {
    throw new DigUsageError(`dig: ednsopt code point or data invalid: ${value ?? ''}\n`, 1);
  }
}
