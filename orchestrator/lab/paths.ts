/**
 * Where a lab keeps its files: one folder, readable by its owner alone, under $XDG_RUNTIME_DIR or the temp folder.
 *
 *     <run root>/<lab>/  lab.json  lab.sock  authority.pem  supervisor.log  lab.log  claims/<fault>/
 *                        <device>.json  <device>.sock  <device>.log  <device>.access.log
 *                        <device>.attached.json
 */
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.js';

export const LAB_NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** sockaddr_un.sun_path less its final zero: 107 on Linux, 103 on macOS. */
export const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** The folder that holds all labs of this user. NETARIUM_RUN_DIR overrides it. */
export function runRoot(): string {
  const { NETARIUM_RUN_DIR, XDG_RUNTIME_DIR } = process.env;
  if (NETARIUM_RUN_DIR) return NETARIUM_RUN_DIR;
  if (XDG_RUNTIME_DIR && existsSync(XDG_RUNTIME_DIR)) return join(XDG_RUNTIME_DIR, 'netarium');
  return join(tmpdir(), `netarium-${userInfo().username}`);
}

export function labDirectory(lab: string): string {
  return join(runRoot(), lab);
}

export function labFile(lab: string): string {
  return join(labDirectory(lab), 'lab.json');
}

/** Where a device keeps what is attached to it, until it is detached or the lab ends. */
export function attachedFile(lab: string, device: string): string {
  return join(labDirectory(lab), `${device}.attached.json`);
}

/** The certificate of the lab's own authority: `curl --cacert`. Its key is nowhere. */
export function authorityFile(lab: string): string {
  return join(labDirectory(lab), 'authority.pem');
}

/** What happened to the lab on purpose: its faults. One JSON object a line, as in the devices' logs. */
export function labLog(lab: string): string {
  return join(labDirectory(lab), 'lab.log');
}

/** The socket on which the lab itself listens. */
export function labSocket(lab: string): string {
  return controlPath(lab, join(labDirectory(lab), 'lab.sock'));
}

/** Windows has no socket files: a named pipe takes the place of each. */
function controlPath(lab: string, path: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\netarium-${lab}-${path.split(/[\\/]/).pop()}` : path;
}

/** Makes the run root, and refuses one that another user has laid there first. */
export function makeRunRoot(): void {
  const root = runRoot();
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (process.getuid === undefined) return;
  const info = lstatSync(root);
  if (!info.isDirectory() || info.uid !== process.getuid() || (info.mode & 0o077) !== 0) {
    throw new CliError(
      1,
      `${root} is not a folder that only you can use`,
      `Remove it, or set NETARIUM_RUN_DIR to a folder of mode 0700.`,
    );
  }
}

/** The checkout: the folder that holds package.json and topologies/. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json not found above the program');
    folder = parent;
  }
  return folder;
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The built program of a device kind. */
export function deviceProgram(kind: string): string {
  return join(packageRoot(), 'build', 'devices', `${kind}.cjs`);
}

export function shippedTopology(name: string): string {
  return join(packageRoot(), 'topologies', `${name}.yaml`);
}

/** A folder of files that the shipped topologies serve. */
export function shippedSite(name: string): string {
  return join(packageRoot(), 'topologies', 'sites', name);
}
