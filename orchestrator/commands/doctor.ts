import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { DEVICE_KINDS } from '../../devices/control.js';
import { deviceProgram, labDirectory, MAX_SOCKET_PATH, makeRunRoot, runRoot } from '../lab/paths.js';
import { findFreePorts } from '../lab/udp-ports.js';
import { formatBytes, painter, print, printJson } from '../terminal.js';

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
}

type Check = () => Promise<Omit<Finding, 'check'>> | Omit<Finding, 'check'>;

const ok = (detail: string) => ({ state: 'ok', detail }) as const;
const warning = (detail: string) => ({ state: 'warning', detail }) as const;
const failed = (detail: string) => ({ state: 'failed', detail }) as const;

const LONGEST_DEVICE_NAME = 'a-device-with-a-long-name';
const WANTED_BUFFER_BYTES = 208 * 1024;
const MEMORY_PER_DEVICE = 40 * 1024 * 1024;

function nodeVersion(): ReturnType<Check> {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 15)) return ok(`Node.js ${process.versions.node}`);
  return failed(`Node.js ${process.versions.node}: 20.15 or later is needed`);
}

function programs(): ReturnType<Check> {
  const missing = DEVICE_KINDS.filter((kind) => !existsSync(deviceProgram(kind)));
  return missing.length === 0
    ? ok('all device programs are built')
    : failed(`not built: ${missing.join(', ')}; run \`make build\``);
}

function runFolder(): ReturnType<Check> {
  try {
    makeRunRoot();
  } catch (error) {
    return failed((error as Error).message);
  }
  const longest = join(labDirectory('mini-internet'), `${LONGEST_DEVICE_NAME}.sock`);
  if (process.platform !== 'win32' && longest.length > MAX_SOCKET_PATH) {
    return failed(`${runRoot()} is too long for socket names; set NETARIUM_RUN_DIR to a shorter folder`);
  }
  return ok(runRoot());
}

function udpLoopback(): Promise<Omit<Finding, 'check'>> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(failed('a datagram to 127.0.0.1 did not arrive within 1 s')), 1000);
    const end = (finding: Omit<Finding, 'check'>) => {
      clearTimeout(timer);
      socket.close();
      resolve(finding);
    };
    socket.on('error', (error) => end(failed(error.message)));
    socket.on('message', () => end(ok('datagrams arrive')));
    socket.bind(0, '127.0.0.1', () => socket.send('ping', socket.address().port, '127.0.0.1'));
  });
}

async function udpPorts(): Promise<Omit<Finding, 'check'>> {
  try {
    return ok(`100 free ports from ${await findFreePorts('doctor', 100)}`);
  } catch (error) {
    return failed((error as Error).message);
  }
}

function socketBuffers(): ReturnType<Check> {
  try {
    const limit = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
    if (limit < WANTED_BUFFER_BYTES) return warning(`net.core.rmem_max is ${formatBytes(limit)}: bursts may be lost`);
    return ok(`receive buffers up to ${formatBytes(limit)}`);
  } catch {
    return ok('limit unknown on this system');
  }
}

function memory(): ReturnType<Check> {
  const devices = Math.floor(freemem() / MEMORY_PER_DEVICE);
  const detail = `${formatBytes(freemem())} free, ${availableParallelism()} cores: room for about ${devices} devices`;
  return devices < 20 ? warning(detail) : ok(detail);
}

const CHECKS: readonly (readonly [string, Check])[] = [
  ['Node.js', nodeVersion],
  ['programs', programs],
  ['run folder', runFolder],
  ['UDP on loopback', udpLoopback],
  ['UDP ports', udpPorts],
  ['socket buffers', socketBuffers],
  ['memory', memory],
];

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check that this machine has what a lab needs')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings: Finding[] = [];
      for (const [check, run] of CHECKS) findings.push({ check, ...(await run()) });
      const paint = painter(process.stdout);
      const marks = {
        ok: paint('green', 'ok     '),
        warning: paint('yellow', 'warning'),
        failed: paint('red', 'failed '),
      };
      if (json) printJson(findings);
      else for (const { check, state, detail } of findings) print(`${marks[state]}  ${check.padEnd(16)}  ${detail}`);
      if (findings.some(({ state }) => state === 'failed')) process.exitCode = 1;
    });
}
