/**
 * Page loads while the monkey is at work, by the built command in a lab of real processes. Each must end within its time,
 * either with every byte right or with an error that names its step; no process may die that chaos did not end; nothing may
 * grow without bound; and when chaos is cleared, a page loads as fast as before.
 */
import type { FetchReport } from '../../orchestrator/story/report.js';
import { quantile } from '../bench/measure.js';
import { type Netarium, type Ran, waitFor } from '../e2e/command.js';
import { Growth } from './growth.js';

const PAGES = ['http://www.server.com/', 'https://www.server.com/', 'http://maps.google.com/'];
const HOSTS = ['client', 'laptop'];
const STAGES = ['url', 'dhcp', 'dns', 'routing', 'arp', 'tcp', 'tls', 'http', 'html'];
/** What the browser is given for a page. */
const LOAD_LIMIT_MS = 15_000;
/** What the command may take besides: to start, to capture, to explain, on a machine with nothing to spare. */
const COMMAND_LIMIT_MS = 30_000;

export interface MonkeyLoadsOptions {
  readonly loads: number;
  readonly seed: number;
  /** Loads side by side. */
  readonly parallel: number;
  /** Mean time between two faults, as `chaos monkey --interval` takes it. */
  readonly interval?: string;
  /** Loads that say how fast a page is without chaos, before and after. */
  readonly quietLoads: number;
  readonly progress?: (line: string) => void;
}

export interface MonkeyLoadsResult {
  readonly loads: number;
  /** Every byte right. */
  readonly whole: number;
  /** What the others ended with, by stage and code. */
  readonly errors: ReadonlyMap<string, number>;
  /** What must not be: sentences. */
  readonly violations: readonly string[];
  /** Medians, milliseconds, without chaos. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly faults: number;
  readonly growth: readonly string[];
}

type Truth = ReadonlyMap<string, string>;

export async function monkeyLoads(net: Netarium, options: MonkeyLoadsOptions): Promise<MonkeyLoadsResult> {
  const { loads, seed, parallel, interval = '2s', quietLoads, progress = () => {} } = options;
  const lab = await net.up('monkey', '-q');
  const truth = await learnTruth(net);
  const beforeMs = await quietLoad(net, quietLoads);
  const growth = new Growth(net, lab);
  const violations: string[] = [];
  const errors = new Map<string, number>();
  let whole = 0;
  let next = 0;

  const monkey = net.start('chaos', 'monkey', '--seed', String(seed), '--for', '10h', '--interval', interval);
  let faults = 0;
  monkey.stdout?.on('data', (text: Buffer) => {
    faults += String(text).split('\n').length - 1;
  });

  const worker = async (host: string) => {
    for (let number = next++; number < loads; number = next++) {
      const page = PAGES[number % PAGES.length];
      const startedAt = performance.now();
      const ran = await net.run('fetch', page, '--from', host, '--json', '--clear', '--timeout', `${LOAD_LIMIT_MS}ms`);
      const tookMs = performance.now() - startedAt;
      const verdict = judge(ran, tookMs, truth);
      if (verdict.violation !== undefined) {
        const violation = `load ${number} of ${page} from ${host}: ${verdict.violation}`;
        violations.push(violation);
        progress(violation);
      } else if (verdict.error === undefined) whole += 1;
      else errors.set(verdict.error, (errors.get(verdict.error) ?? 0) + 1);
      if (number % 50 === 0) {
        await growth.sample();
        progress(`${number} loads, ${whole} whole, ${violations.length} violations`);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, (_, index) => worker(HOSTS[index % HOSTS.length])));

  monkey.kill('SIGINT');
  await monkey;
  const cleared = await net.run('chaos', 'clear');
  if (cleared.exitStatus !== 0) violations.push(`clear ends with ${cleared.exitStatus}: ${cleared.stderr}`);
  await allRunning(net, violations);
  const afterMs = await quietLoad(net, quietLoads);
  await growth.sample();
  violations.push(...growth.violations());
  return { loads, whole, errors, violations, beforeMs, afterMs, faults, growth: growth.lines() };
}

/** What the pages are made of, while all is well. */
async function learnTruth(net: Netarium): Promise<Truth> {
  const truth = new Map<string, string>();
  for (const page of PAGES) {
    const report = await net.json<FetchReport>('fetch', page, '--clear');
    if (!report.ok) throw new Error(`${page} does not load without chaos: ${report.error?.message}`);
    for (const { url, sha256 } of report.resources) truth.set(url, sha256);
  }
  return truth;
}

/** The median time of a page, nothing being cached. */
async function quietLoad(net: Netarium, loads: number): Promise<number> {
  const times: number[] = [];
  for (let load = 0; load < loads; load++) {
    const report = await net.json<FetchReport>('fetch', PAGES[0], '--clear');
    if (!report.ok) throw new Error(`${PAGES[0]} does not load without chaos: ${report.error?.message}`);
    times.push(report.durationMs);
  }
  return quantile(times, 0.5);
}

interface Verdict {
  readonly error?: string;
  readonly violation?: string;
}

function judge({ stdout, stderr, exitStatus }: Ran, tookMs: number, truth: Truth): Verdict {
  if (tookMs > LOAD_LIMIT_MS + COMMAND_LIMIT_MS) return { violation: `took ${Math.round(tookMs)} ms` };
  if (exitStatus !== 0 && exitStatus !== 1) return { violation: `exit status ${exitStatus}: ${stderr}` };
  if (stdout === '') {
    // The host whose browser was asked is not there: the message says who ended it, that it is paused, or how far it came.
    const [, stage] = /\(at (\w+)\)/.exec(stderr) ?? [];
    if (stage !== undefined && STAGES.includes(stage)) return { error: `${stage}, and the host did not say so itself` };
    return /fault-\d+|by chaos|paused|has ended|starting/.test(stderr)
      ? { error: 'the host itself was down' }
      : { violation: `no report: ${stderr}` };
  }
  const report = JSON.parse(stdout) as FetchReport;
  if (report.ok !== (exitStatus === 0)) return { violation: `ok is ${report.ok}, the exit status ${exitStatus}` };
  for (const { url, sha256, error, status } of report.resources) {
    if (error === undefined && status === 200 && truth.has(url) && sha256 !== truth.get(url)) {
      return { violation: `${url} has the wrong bytes` };
    }
  }
  const failures = [report.error, ...report.resources.map(({ error }) => error)].filter((one) => one !== undefined);
  for (const { stage, code, message } of failures) {
    if (!STAGES.includes(stage) || code === '' || message === '')
      return { violation: `error without a step: ${message}` };
  }
  if (failures.length > 0) return { error: `${failures[0].stage} ${failures[0].code}` };
  return report.ok ? {} : { error: `http status ${report.status}` };
}

/** After chaos: every device runs, and none has died that chaos did not end. */
async function allRunning(net: Netarium, violations: string[]): Promise<void> {
  const rows = await waitFor('all devices to run again', async () => {
    const states = await net.json<{ name: string; state: string }[]>('ps');
    return states.every(({ state }) => state === 'running' || state === 'dead') && states;
  });
  for (const { name, state } of rows) if (state === 'dead') violations.push(`${name} has died, and no fault did it`);
  // Addresses by DHCP, routes and caches of those that were started last.
  await waitFor('a page to load', async () => (await net.run('fetch', PAGES[0], '--clear', '-q')).exitStatus === 0);
}
