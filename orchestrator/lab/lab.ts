/**
 * A running lab as its supervisor holds it: all device processes, from launch to end.
 *
 * This folder is about processes and files: claiming a name, launching, watching, ending, finding a lab again and
 * talking to it. It knows of devices what the control protocol says, and nothing of what they do to each other.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfig, DeviceStatus } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { unlessAborted } from '../interruption.js';
import { type DeviceEnd, DeviceProcess, describeEnd } from './device-process.js';
import { authorityFile, labDirectory } from './paths.js';
import { type LabState, removeLabDirectory, writeLabState } from './state.js';

/** Far above what twenty processes need on a busy machine; a device that hangs must not hang the launch. */
const READY_LIMIT_MS = 60_000;
const CONFIGURED_LIMIT_MS = 15_000;
const CONFIGURED_POLL_MS = 20;
const LOADED_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 2000;
/** Between the end of a connection and the news that the process behind it has ended. */
const END_SEEN_LIMIT_MS = 500;

export interface LabPlan {
  readonly name: string;
  /** Where the topology came from, for `ps`. */
  readonly topology: string;
  /** The host that `fetch` uses when none is named. */
  readonly defaultHost: string | undefined;
  /** The certificate of the lab's own authority, PEM; undefined when nothing is served by https. */
  readonly authority?: string;
  readonly configs: readonly DeviceConfig[];
}

export type LabPhase = 'starting' | 'ready' | 'configuring' | 'up';

export interface LabProgress {
  readonly phase: LabPhase;
  /** Devices that have reached the phase. */
  readonly done: number;
  readonly total: number;
  /** The device that has just reached it. */
  readonly device?: string;
}

export class Lab {
  readonly plan: LabPlan;
  readonly devices: readonly DeviceProcess[];
  /** Runs when a device ends that was not told to. */
  onDeviceEnd: ((end: DeviceEnd) => void) | undefined;
  private stopping: Promise<void> | undefined;

  private constructor(plan: LabPlan) {
    this.plan = plan;
    const folder = labDirectory(plan.name);
    if (plan.authority !== undefined) writeFileSync(authorityFile(plan.name), plan.authority, { mode: 0o600 });
    this.devices = plan.configs.map((config) => {
      const file = join(folder, `${config.name}.json`);
      writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
      return new DeviceProcess(config, file);
    });
    for (const device of this.devices) {
      device.ended.then((end) => {
        if (this.stopping === undefined) this.onDeviceEnd?.(end);
      });
    }
  }

  /**
   * Starts all devices of a plan in the lab's folder (made here) and resolves when every one is ready, started and has
   * its addresses. When one fails, all are ended, the folder is removed and the CliError shows its last words. The same
   * when `signal` aborts; then it rejects with the signal's reason.
   */
  static async launch(plan: LabPlan, onProgress: (progress: LabProgress) => void, signal: AbortSignal): Promise<Lab> {
    mkdirSync(labDirectory(plan.name), { recursive: true, mode: 0o700 });
    const lab = new Lab(plan);
    try {
      await unlessAborted(lab.bringUp(onProgress), signal);
      return lab;
    } catch (error) {
      // A call that broke off says little; the device that it went to has died, and its last words say why.
      const end = error instanceof CliError || signal.aborted ? undefined : await lab.firstEnd();
      await lab.stop();
      if (error instanceof CliError || signal.aborted) throw error;
      throw new CliError(1, end === undefined ? (error as Error).message : describeEnd(end));
    }
  }

  get state(): LabState {
    const { name, topology, defaultHost, authority } = this.plan;
    return {
      name,
      pid: process.pid,
      topology,
      defaultHost,
      startedAt: new Date().toISOString(),
      authority: authority === undefined ? undefined : authorityFile(name),
      devices: this.devices.map(({ config, pid }) => ({
        name: config.name,
        kind: config.kind,
        control: config.control,
        logFile: config.logFile ?? '',
        accessLog: config.web?.accessLog?.file,
        pid,
      })),
    };
  }

  /** Ends all devices and removes the lab's folder. May be called more than once. */
  stop(): Promise<void> {
    this.stopping ??= Promise.all(this.devices.map((device) => device.stop(STOP_LIMIT_MS))).then(() =>
      removeLabDirectory(this.plan.name),
    );
    return this.stopping;
  }

  /** The device that has ended, or does so very soon. */
  private firstEnd(): Promise<DeviceEnd | undefined> {
    const soon = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), END_SEEN_LIMIT_MS));
    return Promise.race([...this.devices.map(({ ended }) => ended), soon]);
  }

  private async bringUp(onProgress: (progress: LabProgress) => void): Promise<void> {
    const total = this.devices.length;
    const report = (phase: LabPhase, done: number, device?: string) => onProgress({ phase, done, total, device });
    // Written first: whoever finds the folder after a crash must know which processes belong to it.
    writeLabState(this.state);
    report('starting', 0);
    let ready = 0;
    await withLimit(READY_LIMIT_MS, 'the devices did not become ready', () =>
      Promise.all(
        this.devices.map(async (device) => {
          await device.ready;
          await device.connect();
          report('ready', ++ready, device.config.name);
        }),
      ),
    );
    await Promise.all(this.devices.map((device) => device.client?.call('start')));
    await this.awaitConfigured(report);
    await this.awaitApplications();
    const dead = this.devices.find((device) => device.end !== undefined);
    if (dead?.end !== undefined) throw new CliError(1, describeEnd(dead.end));
    report('up', total);
  }

  /** Polls, since a device may get its address at any time; a lab whose DHCP does not work comes up all the same. */
  private async awaitConfigured(report: (phase: LabPhase, done: number, device?: string) => void): Promise<void> {
    const limit = Date.now() + CONFIGURED_LIMIT_MS;
    let waiting = this.devices.filter(({ config }) => config.ports.some(({ dhcp }) => dhcp));
    const total = this.devices.length;
    while (waiting.length > 0 && Date.now() < limit) {
      const states = await Promise.all(waiting.map((device) => device.client?.call<DeviceStatus>('status')));
      const before = waiting.length;
      waiting = waiting.filter((_, index) => states[index]?.configured === false);
      if (waiting.length < before) report('configuring', total - waiting.length);
      if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, CONFIGURED_POLL_MS));
    }
  }

  /** A lab with an application that does not start is not the lab that was asked for. */
  private async awaitApplications(): Promise<void> {
    const hosts = this.devices.filter(({ config }) => config.web?.sites.some(({ app }) => app !== undefined));
    const limit = Date.now() + LOADED_LIMIT_MS;
    for (const { client, config } of hosts) {
      for (;;) {
        const status = await client?.call<DeviceStatus>('status');
        if (status === undefined) break;
        if (status.faults.length > 0) throw new CliError(1, `${config.name}: ${status.faults.join('\n')}`);
        if (status.loaded) break;
        if (Date.now() > limit)
          throw new CliError(1, `${config.name}: its applications are not loaded within ${LOADED_LIMIT_MS / 1000} s`);
        await new Promise((resolve) => setTimeout(resolve, CONFIGURED_POLL_MS));
      }
    }
  }
}

async function withLimit<T>(limitMs: number, message: string, run: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CliError(1, `${message} within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([run(), limit]);
  } finally {
    clearTimeout(timer);
  }
}
