/** The arguments of `dig`: `@server`, a name, a type and options in any order, and queries' options with a `+`. */
import { reverseName } from '../../net/resolver.js';
import { DNS_PORT } from '../../stack/wire/dns.js';
import { nameFromText } from '../../stack/wire/dns-name.js';
import { CLASS_CH, CLASS_IN, type QuestionType, typeFromText } from '../../stack/wire/dns-record.js';
import { DISPLAY_PARTS, type DisplayPart } from '../dns/presentation.js';
import { UsageError } from './define.js';

export interface DigArguments {
  server?: string;
  name: string;
  type: QuestionType;
  class: number;
  port: number;
  recursionDesired: boolean;
  tcp: boolean;
  ignoreTruncation: boolean;
  short: boolean;
  trace: boolean;
  search: boolean;
  timeoutMs: number;
  tries: number;
  readonly shown: Set<DisplayPart>;
}

/** Options of EDNS and DNSSEC, which no server here speaks, and of output that is the same without them. */
const WITHOUT_EFFECT = new Set(['edns', 'dnssec', 'do', 'cookie', 'adflag', 'ad', 'crypto', 'multiline', 'qr']);
const DISPLAY = new Set<string>(DISPLAY_PARTS);

/** Throws UsageError. Without a name the question is for the root's servers, as dig does. */
export function parseDigArguments(argv: readonly string[]): DigArguments {
  const parsed: DigArguments = {
    name: '.',
    type: 'A',
    class: CLASS_IN,
    port: DNS_PORT,
    recursionDesired: true,
    tcp: false,
    ignoreTruncation: false,
    short: false,
    trace: false,
    search: false,
    timeoutMs: 5000,
    tries: 3,
    shown: new Set(DISPLAY_PARTS),
  };
  let name: string | undefined;
  let type: QuestionType | undefined;
  const words = [...argv];
  const setName = (text: string): void => {
    if (name !== undefined) throw new UsageError(`one name at a time: ${name}, ${text}`);
    name = nameFromText(text);
    if (name === undefined) throw new UsageError(`'${text}' is not a legal name`);
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.startsWith('@')) parsed.server = word.slice(1);
    else if (word.startsWith('+')) queryOption(parsed, word.slice(1));
    else if (word.startsWith('-') && word.length > 1) {
      if (word === '-4') continue;
      const letter = word[1];
      const value = word.length > 2 ? word.slice(2) : words.shift();
      if (!'xtpqc'.includes(letter)) throw new UsageError(`invalid option ${word}`);
      if (value === undefined) throw new UsageError(`option ${word} needs a value`);
      if (letter === 't') type = typeFromText(value) ?? fail(`unknown type ${value}`);
      else if (letter === 'p') parsed.port = integer('-p', value, 1, 65535);
      else if (letter === 'c') parsed.class = classFromText(value) ?? fail(`unknown class ${value}`);
      else if (letter === 'q') setName(value);
      else {
        setName(reverseName(value) ?? fail(`invalid IP address ${value}`));
        type ??= 'PTR';
      }
    } else if (type === undefined && typeFromText(word) !== undefined) type = typeFromText(word);
    else if (classFromText(word) !== undefined) parsed.class = classFromText(word) ?? CLASS_IN;
    else setName(word);
  }
  parsed.name = name ?? '.';
  parsed.type = type ?? (name === undefined ? 'NS' : 'A');
  if (parsed.type === 'AXFR' || parsed.type === 'IXFR') parsed.tcp = true;
  return parsed;
}

function queryOption(parsed: DigArguments, word: string): void {
  const [full, value] = word.split('=', 2);
  const on = !full.startsWith('no');
  const option = on ? full : full.slice(2);
  if (DISPLAY.has(option)) {
    if (on) parsed.shown.add(option as DisplayPart);
    else parsed.shown.delete(option as DisplayPart);
  } else if (option === 'all') {
    parsed.shown.clear();
    if (on) for (const part of DISPLAY_PARTS) parsed.shown.add(part);
  } else if (option === 'short') parsed.short = on;
  else if (option === 'trace') parsed.trace = on;
  else if (option === 'tcp' || option === 'vc') parsed.tcp = on;
  else if (option === 'ignore') parsed.ignoreTruncation = on;
  else if (option === 'search') parsed.search = on;
  else if (['rec', 'recurse', 'rdflag'].includes(option)) parsed.recursionDesired = on;
  else if (option === 'time' || option === 'timeout') parsed.timeoutMs = 1000 * integer('+time', value, 1, 300);
  else if (option === 'tries') parsed.tries = integer('+tries', value, 1, 99);
  else if (option === 'retry') parsed.tries = 1 + integer('+retry', value, 0, 98);
  else if (!WITHOUT_EFFECT.has(option)) fail(`invalid option +${word}`);
}

function integer(option: string, value: string | undefined, least: number, most: number): number {
  const number = /^\d+$/.test(value ?? '') ? Number(value) : Number.NaN;
  return number >= least && number <= most ? number : fail(`${option} takes a number ${least} … ${most}`);
}

function classFromText(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (upper === 'IN') return CLASS_IN;
  return upper === 'CH' || upper === 'CHAOS' ? CLASS_CH : undefined;
}

function fail(message: string): never {
  throw new UsageError(message);
}
