/** Taking a lab's name: its folder is made for it alone, and what a crash left under the name is cleared away. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfig } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { LAB_NAME_PATTERN, labDirectory, MAX_SOCKET_PATH, makeRunRoot } from './paths.js';
import { connectLab, isAlive, type LabState, readLabState, removeLabDirectory, writeLabState } from './state.js';

/** Orphaned devices end within moments; longer than this, a process of that number is somebody else's. */
const ORPHANS_LIMIT_MS = 2000;
const POLL_MS = 20;
/** A launch ends within this time; a process that has the supervisor's number and is older than that is another. */
const LAUNCH_LIMIT_MS = 120_000;

/** Its socket opens last of all: until then its supervisor's process is the only sign. */
function isLaunching({ pid, startedAt }: LabState): boolean {
  return isAlive(pid) && Date.now() - Date.parse(startedAt) < LAUNCH_LIMIT_MS;
}

/** Throws a CliError when the name is unfit or a lab of that name is up. */
export async function claimLab(lab: string, topology: string): Promise<void> {
  if (!LAB_NAME_PATTERN.test(lab)) {
    throw new CliError(2, `"${lab}" cannot name a lab`, 'Use up to 32 lower-case letters, digits and hyphens.');
  }
  makeRunRoot();
  const client = await connectLab(lab);
  client?.close();
  const state = readLabState(lab);
  const launching = client === undefined && state !== undefined && isLaunching(state);
  if (client !== undefined || launching) {
    throw new CliError(
      1,
      `a lab named ${lab} is already ${launching ? 'being launched' : 'up'}`,
      `End it with \`netarium down ${lab}\`, or choose another name with --name.`,
    );
  }
  const limit = Date.now() + ORPHANS_LIMIT_MS;
  while (state?.devices.some(({ pid }) => isAlive(pid)) && Date.now() < limit) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  removeLabDirectory(lab);
  mkdirSync(labDirectory(lab), { mode: 0o700 });
  writeLabState({
    name: lab,
    pid: process.pid,
    topology,
    defaultHost: undefined,
    startedAt: new Date().toISOString(),
    devices: [],
  });
}

/** Throws a CliError when a control socket's path is longer than the system takes. */
export function checkSocketPaths(configs: readonly DeviceConfig[]): void {
  if (process.platform === 'win32') return;
  const long = configs.find(({ control }) => Buffer.byteLength(control) > MAX_SOCKET_PATH);
  if (long === undefined) return;
  throw new CliError(
    1,
    `the path of the control socket is too long (${Buffer.byteLength(long.control)} bytes, at most ${MAX_SOCKET_PATH}): ${join(long.control)}`,
    'Set NETARIUM_RUN_DIR to a shorter folder.',
  );
}
