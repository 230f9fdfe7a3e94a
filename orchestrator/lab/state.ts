/** What is on disk of a lab: `lab.json`, written by its supervisor, read by every command. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceKind } from '../../devices/control.js';
import { nearest } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';
import { news } from '../terminal.js';
import { labDirectory, labFile, labSocket, runRoot } from './paths.js';
import { RpcClient } from './rpc-client.js';

export interface LabDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  /** Path of its control socket. */
  readonly control: string;
  readonly logFile: string;
  /** Of its web server; undefined when there is none. */
  readonly accessLog?: string;
  /** Those of the topology, with their prefix lengths: known also while the device is dead. What DHCP gives is not among them. */
  readonly addresses?: readonly string[];
  readonly pid: number;
}

export interface LabState {
  readonly name: string;
  /** The supervisor's process. */
  readonly pid: number;
  /** Where the topology came from: a path, or `linear,3`. */
  readonly topology: string;
  readonly defaultHost: string | undefined;
  readonly startedAt: string;
  /** Path of the certificate (PEM) of the lab's own authority; undefined when nothing is served by https. */
  readonly authority?: string;
  readonly devices: readonly LabDevice[];
}

/** Replaces the file in one step: a reader never sees half of it. */
export function writeLabState(state: LabState): void {
  const path = labFile(state.name);
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function readLabState(lab: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(labFile(lab), 'utf8')) as LabState;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  // Zero, what a process has that could not be started, would mean our own group.
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** A process that has ended and that its parent has not yet asked about still answers to signal 0. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Who looks for labs waits no longer for one that does not answer: it must not hold up what is meant for another. */
const LOOK_LIMIT_MS = 2000;

/**
 * A lab runs when something listens on its socket; undefined when nothing does. Rejects with a CliError when who listens does
 * not answer.
 */
export async function connectLab(lab: string, limitMs?: number): Promise<RpcClient | undefined> {
  try {
    return await RpcClient.connect(labSocket(lab), limitMs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ETIMEDOUT') return undefined;
    const pid = readLabState(lab)?.pid;
    throw new CliError(
      1,
      `lab ${lab} does not answer: its supervisor${pid === undefined ? '' : ` (process ${pid})`} is overloaded, or stopped by a signal`,
      pid === undefined ? undefined : `\`kill -CONT ${pid}\` lets one go on that is stopped.`,
    );
  }
}

type Presence = 'up' | 'silent' | 'none';

async function presenceOf(lab: string): Promise<Presence> {
  try {
    const client = await connectLab(lab, LOOK_LIMIT_MS);
    client?.close();
    return client === undefined ? 'none' : 'up';
  } catch {
    return 'silent';
  }
}

/** One that does not answer is up all the same. */
export async function isUp(lab: string): Promise<boolean> {
  return (await presenceOf(lab)) !== 'none';
}

/** Names of the folders in the run root, running or not. */
export function labFolders(): string[] {
  if (!existsSync(runRoot())) return [];
  return readdirSync(runRoot(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(runRoot(), entry.name, 'lab.json')))
    .map((entry) => entry.name)
    .sort();
}

/** Those with a supervisor that is alive: at once, and nobody is asked. */
export function seemsUp(): string[] {
  return labFolders().filter((lab) => isAlive(readLabState(lab)?.pid ?? 0));
}

/** Also those that do not answer; all are asked at the same time. */
export async function runningLabs(): Promise<string[]> {
  const { up, silent } = await lookForLabs();
  return [...up, ...silent].sort();
}

async function lookForLabs(): Promise<Readonly<Record<Presence, string[]>>> {
  const found: Record<Presence, string[]> = { up: [], silent: [], none: [] };
  const labs = labFolders();
  const presences = await Promise.all(labs.map(presenceOf));
  for (const [index, presence] of presences.entries()) found[presence].push(labs[index]);
  return found;
}

/**
 * The lab that a command means: the one it names (or NETARIUM_LAB names), which alone is asked, else the only one that runs.
 * Throws a CliError of status 3.
 */
export async function findLab(name: string | undefined = process.env.NETARIUM_LAB): Promise<LabState> {
  const state = name === undefined ? await onlyLab() : await namedLab(name);
  if (state !== undefined) return state;
  const others = name === undefined ? [] : await runningLabs();
  if (others.length > 0) throw new CliError(3, `no lab ${name} is up; up: ${others.join(', ')}`);
  const message = name === undefined ? 'no lab is up' : `no lab ${name} is up`;
  throw new CliError(3, message, 'Launch one with `netarium up`.');
}

async function namedLab(name: string): Promise<LabState | undefined> {
  return labFolders().includes(name) && (await isUp(name)) ? readLabState(name) : undefined;
}

/**
 * Undefined when none is up. One that does not answer is passed over, which is said, unless there is no other one. Throws a
 * CliError of status 3 when several are up.
 */
export async function onlyLab(): Promise<LabState | undefined> {
  const { up, silent } = await lookForLabs();
  const candidates = up.length > 0 ? up : silent;
  if (up.length > 0) for (const lab of silent) news(`lab ${lab} does not answer (pid ${readLabState(lab)?.pid})`);
  if (candidates.length > 1) {
    throw new CliError(3, `several labs are up: ${candidates.join(', ')}`, 'Name one with --lab LAB.');
  }
  return candidates.length === 0 ? undefined : readLabState(candidates[0]);
}

/** Throws a CliError of status 3 that names the nearest device. */
export function findDevice(state: LabState, name: string): LabDevice {
  const device = state.devices.find((candidate) => candidate.name === name);
  if (device !== undefined) return device;
  const names = state.devices.map((candidate) => candidate.name);
  const near = nearest(name, names);
  throw new CliError(
    3,
    `lab ${state.name} has no device ${name}`,
    near === undefined ? `Devices: ${names.join(', ')}` : `Did you mean ${near}?`,
  );
}

export function removeLabDirectory(lab: string): void {
  rmSync(labDirectory(lab), { recursive: true, force: true });
}
