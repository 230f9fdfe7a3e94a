/**
 * A running lab as its supervisor holds it: all device processes, from launch to end.
 *
 * This folder is about processes and files: claiming a name, launching, watching, ending, finding a lab again and
 * talking to it. It knows of devices what the control protocol says, and nothing of what they do to each other.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfig } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { unlessAborted } from '../interruption.js';
import { awaitApplications, awaitConfigured, withLimit } from './bring-up.js';
import { Device } from './device.js';
import type { DeviceNews } from './device-news.js';
import { type DeviceEnd, describeEnd } from './device-process.js';
import { authorityFile, labDirectory } from './paths.js';
import { PauseGuard } from './pause-guard.js';
import type { RpcClient } from './rpc-client.js';
import { findDevice, type LabState, removeLabDirectory, writeLabState } from './state.js';

/** Far above what twenty processes need on a busy machine; a device that hangs must not hang the launch. */
const READY_LIMIT_MS = 60_000;
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

/** A device that comes back waits, before its programs start, for what is returned. */
export type NewsListener = (news: DeviceNews) => void | Promise<void>;

export class Lab {
  readonly plan: LabPlan;
  /** In the order of the plan. */
  readonly devices: readonly Device[];
  /**
   * Runs in each life of a device but its first, when it answers and before its programs start: what it has to be told
   * then. When it rejects, the device is ended, and with it the call that started it.
   */
  beforeStart: ((device: string, client: RpcClient) => Promise<void>) | undefined;
  private readonly startedAt = new Date().toISOString();
  private readonly listeners = new Set<NewsListener>();
  private ending: Promise<void> | undefined;

  private constructor(plan: LabPlan) {
    this.plan = plan;
    const folder = labDirectory(plan.name);
    if (plan.authority !== undefined) writeFileSync(authorityFile(plan.name), plan.authority, { mode: 0o600 });
    const guard = new PauseGuard(folder);
    this.devices = plan.configs.map((config) => {
      const configFile = join(folder, `${config.name}.json`);
      writeFileSync(configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
      return new Device({
        config,
        configFile,
        guard,
        beforeStart: async (device, client) => this.beforeStart?.(device, client),
        onNews: (news) => this.hear(news),
      });
    });
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
      await lab.end();
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
      startedAt: this.startedAt,
      authority: authority === undefined ? undefined : authorityFile(name),
      devices: this.devices.map(({ config, pid }) => ({
        name: config.name,
        kind: config.kind,
        control: config.control,
        logFile: config.logFile ?? '',
        accessLog: config.web?.accessLog?.file,
        addresses: config.ports.flatMap(({ addresses = [] }) => addresses),
        pid,
      })),
    };
  }

  /** Tells what happens to devices; returns what ends this. */
  listen(listener: NewsListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Throws a CliError of status 3 that names the nearest device. */
  device(name: string): Device {
    findDevice(this.state, name);
    return this.devices.find(({ config }) => config.name === name) as Device;
  }

  /*
   * The life of one device. All of these resolve when it is done; reject with a CliError of status 1 when it makes no sense
   * (to kill what does not run) or fails, of status 3 when there is no such device; and wait for what was asked of the same
   * device before. `by` is who does it, for those who ask later: `fault-3`.
   */

  /** SIGKILL. */
  async kill(device: string, by?: string): Promise<void> {
    await this.device(device).kill(by);
  }

  /** In an orderly way: DHCP leases are given back, connections closed. After two seconds, SIGKILL. */
  async stop(device: string, by?: string): Promise<void> {
    await this.device(device).stop(by);
  }

  /** Again: same config, links, addresses, MACs, UDP ports. Resolves when it has its addresses (after 15 s, without). */
  async start(device: string, by?: string): Promise<void> {
    await this.device(device).start(by);
  }

  async restart(device: string, by?: string): Promise<void> {
    await this.device(device).restart(by);
  }

  /** SIGSTOP. Not on Windows. */
  async pause(device: string, by?: string): Promise<void> {
    await this.device(device).pause(by);
  }

  /** SIGCONT. */
  async resume(device: string, by?: string): Promise<void> {
    await this.device(device).resume(by);
  }

  /** Ends all devices and removes the lab's folder. May be called more than once. */
  end(): Promise<void> {
    this.ending ??= Promise.all(this.devices.map((device) => device.endWithLab())).then(() =>
      removeLabDirectory(this.plan.name),
    );
    return this.ending;
  }

  private async hear(news: DeviceNews): Promise<void> {
    if (this.ending !== undefined) return;
    // Whoever is told finds the new process there.
    if (news.event === 'start' || news.event === 'end') writeLabState(this.state);
    await Promise.all([...this.listeners].map((listener) => listener(news)));
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
          await device.ready();
          report('ready', ++ready, device.config.name);
        }),
      ),
    );
    await Promise.all(this.devices.map((device) => device.begin()));
    await awaitConfigured(this.devices, (configured) => report('configuring', configured));
    await awaitApplications(this.devices);
    const dead = this.devices.find((device) => device.end !== undefined);
    if (dead?.end !== undefined) throw new CliError(1, describeEnd(dead.end));
    report('up', total);
  }
}
