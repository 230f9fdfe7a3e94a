import { Command } from 'commander';
import type { InterfaceRow, ResolvedName } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { interruption } from '../interruption.js';
import { connectErrorOf } from '../lab/device-stream.js';
import { ask, connectDevice, explainFailure } from '../lab/reach-device.js';
import { findLab, type LabDevice, type LabState } from '../lab/state.js';
import { plainReason } from '../network-words.js';
import { parseAuthority } from '../proxy/http-fields.js';
import { callingDevice, dialFrom, foreground } from '../proxy/lab-dial.js';
import {
  formatAddress,
  isLoopback,
  type ListenAddress,
  listenAt,
  parseListenAddress,
} from '../proxy/listen-address.js';
import { PortForward } from '../proxy/port-forward.js';
import { news, painter, print, printJson, visible } from '../terminal.js';

const ALTERNATIVES = 20;

interface ExposeOptions {
  readonly listen?: readonly string[];
  readonly from?: string;
  readonly lab?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface Target {
  /** As the user wrote it. */
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

async function run(texts: readonly string[], options: ExposeOptions): Promise<void> {
  const targets = texts.map(parseTarget);
  const wanted = (options.listen ?? []).map(parseListenAddress);
  if (wanted.length > targets.length) {
    throw new CliError(2, `--listen is given ${wanted.length} times, for ${targets.length} to expose`);
  }
  const lab = await findLab(options.lab);
  const device = callingDevice(lab, options.from ?? lab.defaultHost);
  const signal = interruption();
  const forwards: PortForward[] = [];
  try {
    const exposed = [];
    for (const [index, target] of targets.entries()) {
      const address = await addressOf(lab, device, target.host);
      const forward = new PortForward({
        dial: dialFrom(lab, device, 'expose'),
        host: address,
        port: target.port,
        onFailure: ({ message }) => news(`${target.text}: ${visible(message)}`),
      });
      forwards.push(forward);
      const bound = await open(forward, wanted[index], target.port);
      exposed.push({ target: target.text, address: `${address}:${target.port}`, listen: formatAddress(bound) });
      if (!isLoopback(bound.host)) news(warning(formatAddress(bound)));
    }
    tell(lab, device, exposed, options);
    await foreground(lab, device, signal);
  } finally {
    for (const forward of forwards) forward.close();
  }
}

function parseTarget(text: string): Target {
  const endpoint = parseAuthority(text);
  if (endpoint === undefined) {
    throw new CliError(
      2,
      `${text} is not a host and a port`,
      'Write it like www.server.com:80, web:80 or 203.0.113.80:80.',
    );
  }
  return { text, ...endpoint };
}

/** The dotted address of what the user means: a device of the lab, or a name that the calling device knows. */
async function addressOf(lab: LabState, device: LabDevice, host: string): Promise<string> {
  if (lab.devices.some(({ name }) => name === host)) return addressOfDevice(lab, host);
  const client = await connectDevice(lab, device.name);
  try {
    return (await client.call<ResolvedName>('resolve', { name: host })).addresses[0];
  } catch (error) {
    const failure = await explainFailure(lab, device.name, error);
    if (failure instanceof CliError) throw failure;
    throw new CliError(
      1,
      plainReason((connectErrorOf(failure) as Error).message),
      `Asked was ${device.name}; --from names another one.`,
    );
  } finally {
    client.close();
  }
}

async function addressOfDevice(lab: LabState, name: string): Promise<string> {
  const client = await connectDevice(lab, name);
  try {
    const rows = await ask<InterfaceRow[]>(lab, name, client, 'inspect', { table: 'interfaces' });
    const [cidr] = rows.flatMap(({ addresses }) => addresses ?? []);
    if (cidr === undefined) throw new CliError(1, `${name} has no address`);
    return cidr.split('/')[0];
  } finally {
    client.close();
  }
}

/** Where the user wants it; else on loopback, at a port that reminds of the one inside. */
async function open(forward: PortForward, wanted: ListenAddress | undefined, port: number): Promise<ListenAddress> {
  const reminder = port > 1023 ? port : port + 8000;
  const address = wanted ?? { host: '127.0.0.1', port: reminder };
  const alternatives = wanted === undefined ? ALTERNATIVES : 0;
  const bound = await listenAt(address, alternatives, (host, at) => forward.listen(host, at));
  return { host: bound.address, port: bound.port };
}

function tell(
  lab: LabState,
  device: LabDevice,
  exposed: readonly { target: string; listen: string }[],
  { json, quiet }: ExposeOptions,
): void {
  if (json) {
    printJson({ lab: lab.name, from: device.name, exposed });
    return;
  }
  for (const { target, listen } of exposed) print(`${listen} -> ${target}`);
  if (!quiet) {
    const text = `every connection is one of ${device.name}; Ctrl-C ends it`;
    news(painter(process.stderr)('dim', text));
  }
}

function warning(endpoint: string): string {
  return painter(process.stderr)('yellow', `${endpoint} can be reached by other machines`);
}

export function exposeCommand(): Command {
  return new Command('expose')
    .description('put a port of an emulated server on this machine, for programs that know nothing of the lab')
    .argument('<host:port...>', 'a device, a name or an address inside, and its TCP port')
    .option(
      '--listen <ip:port>',
      'where; once for each; when left out 127.0.0.1 with the same port, or 8000 above it for ports below 1024, or the next free one',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option('--from <device>', "the device whose connections they become; the lab's client when left out")
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print what is exposed as JSON')
    .option('-q, --quiet', 'print no advice')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  netarium expose web:80                      at 127.0.0.1:8080\n' +
        '  netarium expose www.server.com:80 --listen 127.0.0.1:9000\n' +
        '  netarium expose web:80 images:80 --from laptop',
    )
    .action(run);
}
