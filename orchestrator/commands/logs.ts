import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Command } from 'commander';
import { CliError } from '../errors.js';
import { labLog } from '../lab/paths.js';
import { findDevice, findLab, isAlive, type LabDevice, type LabState } from '../lab/state.js';
import { type Paint, painter, print, visible, visibleJsonLine } from '../terminal.js';
import { errorWords, isLoggedError } from './log-error.js';

const FOLLOW_INTERVAL_MS = 200;

/** Whole new lines of one log file at each call. */
class LogReader {
  private readonly path: string;
  private file: number | undefined;
  private offset = 0;
  private rest = '';
  /** A character of several bytes may be half written. */
  private readonly decoder = new StringDecoder('utf8');

  constructor(path: string) {
    this.path = path;
  }

  read(): string[] {
    this.file ??= this.open();
    if (this.file === undefined) return [];
    const bytes = Buffer.alloc(Math.max(0, fstatSync(this.file).size - this.offset));
    this.offset += readSync(this.file, bytes, 0, bytes.length, this.offset);
    const lines = (this.rest + this.decoder.write(bytes)).split('\n');
    this.rest = lines.pop() ?? '';
    return lines;
  }

  private open(): number | undefined {
    try {
      return openSync(this.path, 'r');
    } catch {
      // The device has not written yet, or logs elsewhere.
      return undefined;
    }
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
  }
}

const LEVELS = new Map<number, ['dim' | 'green' | 'yellow' | 'red', string]>([
  [10, ['dim', 'TRACE']],
  [20, ['dim', 'DEBUG']],
  [30, ['green', 'INFO']],
  [40, ['yellow', 'WARN']],
  [50, ['red', 'ERROR']],
  [60, ['red', 'FATAL']],
]);

/** A smaller number in a message may be another one, unless it is named: `port 80`. */
const TELLING_NUMBER = 100;

/** What a message does not say of one of its facts; undefined when it says all. */
function unsaid(key: string, value: unknown, message: string): unknown {
  if (Array.isArray(value)) return value.every((item) => unsaid(key, item, message) === undefined) ? undefined : value;
  if (typeof value === 'object' && value !== null) {
    const rest = Object.entries(value).filter(([name, item]) => unsaid(name, item, message) !== undefined);
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
  if (typeof value === 'boolean' || value === null || value === '') return value;
  const text = typeof value === 'number' && value < TELLING_NUMBER ? `${key} ${value}` : String(value);
  return hasWord(message, text) ? undefined : value;
}

/** The text by itself, not as a part of a longer word, number or address. */
function hasWord(message: string, text: string): boolean {
  for (let at = message.indexOf(text); at >= 0; at = message.indexOf(text, at + 1)) {
    if (!/[\w.]$/.test(message.slice(0, at)) && !/^(?:\w|\.\w)/.test(message.slice(at + text.length))) return true;
  }
  return false;
}

/** `err="no database" at=/x/shop.mjs:2:5`: the frames of a stack are for those who read the log as it stands. */
function factsOf(entry: Record<string, unknown>): Record<string, unknown> {
  const facts = Object.entries(entry).flatMap(([key, value]): [string, unknown][] => {
    if (!isLoggedError(value)) return [[key, value]];
    const { message, place } = errorWords(value);
    return place === undefined
      ? [[key, message]]
      : [
          [key, message],
          ['at', place],
        ];
  });
  return Object.fromEntries(facts);
}

/** `12:00:01.250 INFO  client  dhcp: bound  address=192.168.1.100` */
export function prettyLine(line: string, paint: Paint): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return visible(line);
  }
  // Not one of pino's: shown as it is.
  if (typeof entry?.time !== 'number') return visible(line);
  const { time, level, name, msg, pid: _pid, hostname: _hostname, ...facts } = visible(factsOf(entry));
  const [style, word] = LEVELS.get(Number(level)) ?? ['dim', String(level)];
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const details = Object.entries(facts).flatMap(([key, value]) => {
    const news = unsaid(key, value, String(msg));
    return news === undefined ? [] : `${key}=${typeof news === 'string' ? news : JSON.stringify(news)}`;
  });
  return `${paint('dim', clock)} ${paint(style, word.padEnd(5))} ${paint('cyan', String(name))}  ${msg}  ${paint('dim', details.join(' '))}`.trimEnd();
}

/** Of a line of pino's, or of an access log: `[22/Nov/2026:12:00:00 +0000]`. */
function timeOf(line: string): number {
  const match = /"time":(\d+)/.exec(line);
  if (match !== null) return Number(match[1]);
  const [, day, month, year, time] = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):([\d:]{8}) \+0000\]/.exec(line) ?? [];
  return day === undefined ? 0 : Date.parse(`${day} ${month} ${year} ${time} GMT`);
}

interface LogsOptions {
  readonly lab?: string;
  readonly follow?: boolean;
  readonly pretty?: boolean;
  readonly access?: boolean;
}

/** Throws a CliError when a device is named that has no such log. */
function logsOf(state: LabState, name: string | undefined, { access }: LogsOptions): string[] {
  const devices: readonly LabDevice[] = name === undefined ? state.devices : [findDevice(state, name)];
  if (!access) return [...devices.map(({ logFile }) => logFile), ...(name === undefined ? [labLog(state.name)] : [])];
  const files = devices.flatMap(({ accessLog }) => accessLog ?? []);
  if (files.length > 0) return files;
  throw new CliError(1, `${name ?? `lab ${state.name}`} has no access log: that is one of a host with web sites`);
}

export function logsCommand(): Command {
  return new Command('logs')
    .description("print the devices' logs, all devices merged by time, one JSON object a line")
    .argument('[device]', 'only this device')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('-f, --follow', 'go on until Ctrl-C or the end of the lab')
    .option('--pretty', 'for people: time, level, device, message')
    .option('--access', 'the access logs of web servers instead, in the common log format')
    .action(async (name: string | undefined, options: LogsOptions) => {
      const state = await findLab(options.lab);
      const readers = logsOf(state, name, options).map((file) => new LogReader(file));
      const paint = painter(process.stdout);
      const show = () => {
        const lines = readers.flatMap((reader) => reader.read());
        lines.sort((a, b) => timeOf(a) - timeOf(b));
        for (const line of lines)
          print(options.pretty && !options.access ? prettyLine(line, paint) : visibleJsonLine(line));
      };
      show();
      while (options.follow && isAlive(state.pid)) {
        await new Promise((resolve) => setTimeout(resolve, FOLLOW_INTERVAL_MS));
        show();
      }
      for (const reader of readers) reader.close();
    });
}
