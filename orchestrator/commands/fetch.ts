import { Command } from 'commander';
import { type FetchRequest, type FetchResult, type RouteRow, RpcError } from '../../devices/control.js';
import { writeCaptureFile } from '../capture/capture-file.js';
import { CaptureSession } from '../capture/session.js';
import { CliError } from '../errors.js';
import { interruption, unlessAborted } from '../interruption.js';
import { prepareLab } from '../lab/prepare.js';
import { withProgress } from '../lab/progress.js';
import { connectDevice, findDevice, findLab, type LabState, runningLabs } from '../lab/state.js';
import { holdLab } from '../lab/supervise.js';
import { buildReport } from '../story/build.js';
import { renderExplanation } from '../story/explain.js';
import { renderReport } from '../story/render.js';
import type { FetchReport } from '../story/report.js';
import { Scene } from '../story/scene.js';
import { news, painter, print, printJson } from '../terminal.js';

/** How long the last segments of a close may take to be seen. */
const CLOSE_LIMIT_MS = 1000;
const PCAP_BYTE_LIMIT = 2 * 1024 * 1024 * 1024;

interface FetchOptions {
  readonly from?: string;
  readonly lab?: string;
  readonly json?: boolean;
  readonly pcap?: string;
  readonly explain?: boolean;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly timeout?: string;
  readonly subresources: boolean;
  readonly quiet?: boolean;
}

export interface Fetched {
  readonly report: FetchReport;
  readonly scene: Scene;
}

/** Loads a page from a host of a running lab while everything is captured. */
export async function fetchInLab(
  lab: LabState,
  host: string,
  request: FetchRequest,
  keepBytes?: number,
): Promise<Fetched> {
  const device = findDevice(lab, host);
  if (device.kind !== 'host') throw new CliError(2, `${host} is a ${device.kind}: only hosts have a browser`);
  const client = await connectDevice(lab, host);
  try {
    const session = await CaptureSession.start(lab, keepBytes);
    const result = await client.call<FetchResult>('fetch', request);
    await session.until(() => allClosed(session, result), CLOSE_LIMIT_MS);
    const capture = await session.stop();
    const routes = await client.call<RouteRow[]>('inspect', { table: 'routes' });
    const scene = new Scene(lab, host, result, capture, routes);
    return { report: buildReport(scene, lab.name), scene };
  } catch (error) {
    throw error instanceof RpcError ? new CliError(1, error.message) : error;
  } finally {
    client.close();
  }
}

/** Both ends of each connection have reported their last state: TIME_WAIT at one, CLOSED at the other. */
function allClosed(session: CaptureSession, result: FetchResult): boolean {
  const last = new Map<string, string>();
  for (const { event } of session.traced) {
    if (event.event === 'tcp-state') last.set(`${event.local} ${event.remote}`, event.to);
  }
  const done = (state: string | undefined) => state === undefined || state === 'CLOSED' || state === 'TIME_WAIT';
  return result.connections.every(
    ({ local, remote }) => done(last.get(`${local} ${remote}`)) && done(last.get(`${remote} ${local}`)),
  );
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new CliError(2, `"${line}" is not a header`, "Write it as 'Name: value'.");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (match === null) throw new CliError(2, `"${text}" is not a duration`, 'Write it with its unit: 500ms, 10s, 1m.');
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'];
}

/** Runs `use` with the lab that is meant; without any, the default one is launched for this call alone. */
async function withLab(options: FetchOptions, use: (lab: LabState) => Promise<void>): Promise<void> {
  const anyUp = options.lab !== undefined || process.env.NETARIUM_LAB !== undefined || (await runningLabs()).length > 0;
  if (anyUp) {
    await use(await findLab(options.lab));
    return;
  }
  const plan = await prepareLab({ name: `fetch-${process.pid}` });
  const signal = interruption();
  const held = await withProgress(
    `no lab is up; launching mini-internet for this fetch`,
    options.quiet ?? false,
    (report) => holdLab(plan, report, signal),
  );
  try {
    await unlessAborted(use(held.lab.state), signal);
  } finally {
    await held.stop();
  }
}

async function run(url: string, options: FetchOptions): Promise<void> {
  const request: FetchRequest = {
    url,
    method: options.method,
    headers: parseHeaders(options.header ?? []),
    data: options.data,
    timeoutMs: parseTimeout(options.timeout),
    subresources: options.subresources,
  };
  await withLab(options, async (lab) => {
    const host = options.from ?? lab.defaultHost;
    if (host === undefined) throw new CliError(2, `lab ${lab.name} has no host to load a page from`);
    const { report, scene } = await fetchInLab(
      lab,
      host,
      request,
      options.pcap === undefined ? undefined : PCAP_BYTE_LIMIT,
    );
    if (options.pcap !== undefined) await savePcap(options.pcap, scene);
    if (options.json) printJson(report);
    else if (options.quiet) {
      if (!report.ok) news(failureLine(report));
    } else {
      const paint = painter(process.stdout);
      print(renderReport(report, paint));
      if (options.explain) print(`\n${renderExplanation(report, scene, paint)}`);
    }
    if (!report.ok) process.exitCode = 1;
  });
}

function failureLine({ url, status, error }: FetchReport): string {
  return `error: ${url}: ${error === undefined ? `status ${status}` : `${error.code} at ${error.stage}: ${error.message}`}`;
}

async function savePcap(path: string, scene: Scene): Promise<void> {
  try {
    const left = await writeCaptureFile(path, scene.capture);
    if (left > 0) news(`${path}: ${left} frames are not in the file, the capture was over 2 GiB`);
  } catch (error) {
    throw new CliError(1, `${path}: ${(error as Error).message}`);
  }
}

export function fetchCommand(): Command {
  return new Command('fetch')
    .description('load a page from a host of the lab and tell what happened on the wires')
    .argument('<url>', 'http://host[:port]/path?query#fragment')
    .option('--from <host>', "the host whose browser loads it; the lab's client when left out")
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print JSON')
    .option('--pcap <file>', 'write all frames to a pcapng file for Wireshark')
    .option('--explain', 'open the request into its layers, byte by byte')
    .option('--method <method>', 'GET, HEAD, POST, PUT, DELETE, …')
    .option('--header <line...>', "add a header: 'Accept-Language: fr'")
    .option('--data <body>', 'send a body; the method is then POST unless --method says otherwise')
    .option('--timeout <duration>', 'give up after: 500ms, 10s, 1m; without it, when nothing has come for 30s')
    .option('--no-subresources', 'load the document alone, without images, styles and scripts')
    .option('-q, --quiet', 'print nothing but errors')
    .action((url: string, options: FetchOptions) => run(url, options));
}
