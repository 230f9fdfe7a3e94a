import { Command } from 'commander';
import { compileFilter, isFilterError } from '../../devices/stack/wire/filter/filter.js';
import { compilePcapFilter } from '../../devices/stack/wire/pcap-filter/pcap-filter.js';
import { ByteSink } from '../capture/byte-sink.js';
import { fieldRows, formatFields } from '../capture/field-list.js';
import { KeyLog, writeKeyLogFile } from '../capture/key-log.js';
import { type CaptureLimits, parseLimits } from '../capture/limits.js';
import { LiveCapture } from '../capture/live.js';
import { type CaptureOutput, JsonOutput, PcapngOutput, TextOutput, tcpdumpFormat } from '../capture/outputs.js';
import { epochOffsetMs } from '../capture/pcapng-writer.js';
import { type FrameTest, Recording } from '../capture/recording.js';
import { type DeviceSelection, joinLink, selectEnds, UnknownLink } from '../capture/selection.js';
import { CliError } from '../errors.js';
import { cannotWrite } from '../file-errors.js';
import { filterFault } from '../filter-fault.js';
import { interruption, unlessAborted } from '../interruption.js';
import { plannedLinkEnds, presentLinkEnds } from '../lab/link-ends.js';
import { findLab, type LabState } from '../lab/state.js';
import { formatBytes, formatDuration, news, painter, print, printJson } from '../terminal.js';

/** `npx` hands on a Ctrl-C that the terminal has sent already: what comes within this time is the same one. */
const SAME_SIGNAL_MS = 500;
const INTERRUPTED = 130;

interface CaptureOptions {
  readonly write?: string;
  readonly filter?: string;
  readonly limit?: readonly string[];
  readonly once?: boolean;
  readonly secrets?: boolean;
  readonly keylog?: string;
  readonly lab?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** True without a prefix. */
  readonly fields?: string | true;
}

function listFields({ fields, json }: CaptureOptions): void {
  const rows = fieldRows(typeof fields === 'string' ? fields : '');
  if (json) printJson(rows);
  else print(formatFields(rows, painter(process.stdout)));
}

/** Asks the devices only when the plan does not have what was named: ports that were attached since. */
async function select(lab: LabState, words: readonly string[], once: boolean): Promise<Map<string, DeviceSelection>> {
  const devices = lab.devices.map(({ name }) => name);
  const planned = plannedLinkEnds(lab);
  try {
    return selectEnds(words, devices, planned, { once });
  } catch (error) {
    if (!(error instanceof UnknownLink)) throw error;
    const isPlanned = (end: { device: string; port: string }) =>
      planned.some(({ device, port }) => device === end.device && port === end.port);
    const attached = (await presentLinkEnds(lab)).filter((end) => !isPlanned(end));
    return selectEnds(words, devices, [...planned, ...attached], { once });
  }
}

function checkOptions({ write, json, secrets }: CaptureOptions, limits: CaptureLimits): void {
  if (write === '') throw new CliError(2, '-w wants the name of a file, or - for standard output');
  if (write === '-' && json) throw new CliError(2, 'standard output is for the frames or for JSON, not for both');
  if (write === '-' && process.stdout.isTTY) {
    throw new CliError(
      2,
      'a capture file is nothing for a terminal',
      'Pipe it: netarium capture -w - | wireshark -k -i -',
    );
  }
  if (write === undefined && secrets) {
    throw new CliError(2, 'secrets go into a pcapng file: name one with -w, or a key log file with --keylog');
  }
  if (write === undefined && limits.bytes !== undefined) {
    throw new CliError(2, 'a limit in bytes is the size of a file: name one with -w');
  }
}

/** What only the whole capture knows: a device sees its own frames alone. */
const NEEDS_THE_WHOLE = /\bframe\.(number|time)/;

const TCPDUMPS_FILTER =
  "That is tcpdump's language, which `netarium exec DEVICE tcpdump` takes.\n" +
  "Here are Wireshark's names: tcp.port == 80, ip.addr == 10.0.0.1.";

interface CaptureFilter {
  /** For the devices, so that what is not wanted does not leave them. */
  readonly text?: string;
  /** For the rest. */
  readonly matches?: FrameTest;
}

function parseFilter(text: string | undefined): CaptureFilter {
  if (text === undefined) return {};
  const filter = compileFilter(text);
  if (isFilterError(filter)) {
    const isTcpdumps = !isFilterError(compilePcapFilter(text));
    throw filterFault('--filter', text, filter, isTcpdumps ? TCPDUMPS_FILTER : undefined);
  }
  if (!NEEDS_THE_WHOLE.test(text)) return { text };
  let firstAt: number | undefined;
  return {
    matches: ({ at, on, direction, dropped, fault, packet }, number) => {
      firstAt ??= at;
      const end = `${on.device}:${on.port}`;
      return filter.matches(packet, { number, timeMs: at - firstAt, direction, interface: end, dropped, fault });
    },
  };
}

async function openSink(path: string | undefined): Promise<ByteSink> {
  if (path === undefined || path === '-') return new ByteSink(process.stdout, false);
  return ByteSink.file(path).catch((error) => {
    throw cannotWrite(path, error);
  });
}

function makeOutput(sink: ByteSink, lab: LabState, options: CaptureOptions, limits: CaptureLimits): CaptureOutput {
  const epoch = epochOffsetMs();
  if (options.write !== undefined) {
    const filter = options.filter === undefined ? '' : `, filter: ${options.filter}`;
    return new PcapngOutput(sink, epoch, `lab ${lab.name}${filter}`, limits.bytes);
  }
  const format = tcpdumpFormat();
  return options.json
    ? new JsonOutput(sink, epoch, format)
    : new TextOutput(sink, epoch, format, painter(process.stdout));
}

async function run(words: readonly string[], options: CaptureOptions): Promise<void> {
  if (options.fields !== undefined) {
    listFields(options);
    return;
  }
  const limits = parseLimits(options.limit ?? []);
  checkOptions(options, limits);
  const filter = parseFilter(options.filter);
  const lab = await findLab(options.lab);
  const selection = await select(lab, words, options.once ?? false);
  const signal = interruption();
  signal.addEventListener('abort', exitOnSecondSignal);
  const sink = await unlessAborted(openSink(options.write), signal);
  const output = makeOutput(sink, lab, options, limits);
  const recording = new Recording(output, limits, filter.matches);
  const keyLog = new KeyLog();
  const paint = painter(process.stderr);
  const tell = (text: string) => {
    if (!options.quiet) news(paint('dim', text));
  };

  const capture = await LiveCapture.start(lab, selection, filter.text, {
    onInterface: (description) => recording.interface(description),
    onFrames: (frames) => recording.frames(frames),
    onNews: tell,
    ...((options.secrets || options.keylog !== undefined) && {
      onSecret: (line) => {
        if (keyLog.add(line) && options.secrets) output.secret?.(line);
      },
    }),
  });
  const startedAt = performance.now();
  tell(opening(capture, lab, words.length === 0));
  await ending(recording, limits, capture, sink, signal, tell);
  const { missed, filtered } = await capture.stop();
  const durationMs = performance.now() - startedAt;
  output.finish();
  await sink.end().catch((error) => {
    throw cannotWrite(options.write ?? 'standard output', error);
  });
  if (options.keylog !== undefined) {
    const { keylog } = options;
    await writeKeyLogFile(keylog, keyLog.lines).catch((error) => {
      throw cannotWrite(keylog, error);
    });
  }

  const result = {
    lab: lab.name,
    file: options.write,
    frames: recording.captured,
    filtered: recording.filtered + filtered,
    missed: recording.missed + missed,
    bytes: sink.bytes,
    durationMs: Math.round(durationMs),
    interfaces: [...recording.perEnd].map(([name, frames]) => ({ name, frames })),
  };
  if (options.json && options.write !== undefined) printJson(result);
  if (!options.quiet) news(closing(result, options.filter !== undefined));
}

function opening(capture: LiveCapture, { name }: LabState, all: boolean): string {
  const { interfaces, silent } = capture;
  const ends = `${interfaces} link end${interfaces === 1 ? '' : 's'}`;
  const late = silent.length === 0 ? '' : `; no answer yet from ${silent.join(', ')}`;
  return `capturing ${all ? 'all ' : ''}${ends} of lab ${name}${late}; Ctrl-C ends it`;
}

/** Resolves when the capture is to end: a limit, the lab's end, Ctrl-C. Rejects when nothing can be written any more. */
async function ending(
  recording: Recording,
  limits: CaptureLimits,
  capture: LiveCapture,
  sink: ByteSink,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    if (limits.durationMs === undefined) return;
    recording.endAt(Number(process.hrtime.bigint()) / 1e6 + limits.durationMs);
    timer = setTimeout(resolve, limits.durationMs);
  });
  const interrupted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  const labEnded = capture.labEnded.then(() => 'the lab has ended');
  const why = await Promise.race([recording.full, timeIsUp, interrupted, labEnded, sink.failed.catch(() => {})]);
  clearTimeout(timer);
  if (why !== undefined) tell(why);
}

function exitOnSecondSignal(): void {
  const at = performance.now();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (performance.now() - at > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
    });
  }
}

interface CaptureResult {
  readonly file: string | undefined;
  readonly frames: number;
  readonly filtered: number;
  readonly missed: number;
  readonly bytes: number;
  readonly durationMs: number;
}

function closing({ file, frames, filtered, missed, bytes, durationMs }: CaptureResult, hasFilter: boolean): string {
  const paint = painter(process.stderr);
  const parts = [`${frames} frame${frames === 1 ? '' : 's'} captured in ${formatDuration(durationMs)}`];
  if (hasFilter) parts.push(`${filtered} did not match`);
  parts.push(missed === 0 ? '0 missed' : paint('red', `${missed} missed: the reader was too slow`));
  if (file !== undefined && file !== '-') parts.push(`${formatBytes(bytes)} in ${file}`);
  return parts.join(', ');
}

const EXAMPLES = `
A LINK is written as in the topology ("client:eth0 -- sw1:3": both its ends),
as one end (client:eth0), or as a device (client: all its ports). Without one,
all links are captured.

Examples:
  netarium capture client:eth0                       a line a frame
  netarium capture --once -w - | wireshark -k -i -   live in Wireshark
  netarium capture client -w client.pcapng --limit 30s --limit 10MB
  netarium capture --filter 'dns or tcp.flags.syn == 1'
  netarium capture -w https.pcapng --secrets         https and HTTP/2, decrypted`;

export function captureCommand(): Command {
  return new Command('capture')
    .description('watch the links, live: a line a frame, or a pcapng file or stream for Wireshark')
    .argument('[link...]', 'links, ends of links, devices; all links when left out')
    .option('-w, --write <file>', 'write pcapng to this file, - is standard output')
    .option(
      '--filter <expression>',
      "only these frames, by Wireshark's field names: 'tcp.port == 80 and ip.addr == 10.0.0.1'",
    )
    .option(
      '--limit <limit>',
      'end after a size of the file (10MB), a time (30s) or a number of frames (100); more than one may be given',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--once', 'each frame once a link, where it leaves, instead of at both ends')
    .option(
      '--secrets',
      'put the TLS secrets of connections that are made meanwhile into the file: Wireshark decrypts them',
    )
    .option('--keylog <file>', 'write these secrets to an NSS key log file')
    .option('--fields [prefix]', 'list the fields that filters know, or those whose names begin so')
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print the frames as JSON; with -w FILE, what was captured')
    .option('-q, --quiet', 'print nothing but frames and errors')
    .addHelpText('after', EXAMPLES)
    .action((words: string[], options: CaptureOptions) => run(joinLink(words, process.argv), options));
}
