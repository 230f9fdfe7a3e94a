/** A lab from outside, as time goes by: which devices end, pause and come back. */
import type { DeviceEnded, DeviceHalted, DeviceStarted } from './device-news.js';
import type { SupervisedDevice } from './device-state.js';
import type { RpcClient } from './rpc-client.js';
import { connectLab } from './state.js';

const ANSWER_LIMIT_MS = 2000;

export interface LabListener {
  /** A device's process answers again. Its programs start when what this returns has resolved, or after a second. */
  onStart(news: DeviceStarted): Promise<void>;
  onEnd?(news: DeviceEnded): void;
  /** The lab has ended, or {@link LabWatch.close} was called. */
  onClose?(): void;
}

export class LabWatch {
  private readonly client: RpcClient;
  /** By name: those that have no process, or one that is stopped. They do not answer. */
  private readonly absent = new Set<string>();
  private waiting: { readonly name: string; readonly resolve: () => void }[] = [];

  private constructor(client: RpcClient, { onStart, onEnd, onClose }: LabListener) {
    this.client = client;
    client.onClose = () => onClose?.();
    client.notifications.set('device-start', async (news: DeviceStarted) => {
      this.absent.delete(news.name);
      await onStart(news);
      client.notify('lab-listening', { name: news.name });
    });
    client.notifications.set('device-end', (news: DeviceEnded) => {
      this.leave(news.name);
      onEnd?.(news);
    });
    client.notifications.set('device-pause', ({ name }: DeviceHalted) => this.leave(name));
    client.notifications.set('device-resume', ({ name }: DeviceHalted) => this.absent.delete(name));
  }

  /** Undefined when no lab of that name is up. */
  static async open(lab: string, listener: LabListener): Promise<LabWatch | undefined> {
    const client = await connectLab(lab);
    if (client === undefined) return undefined;
    const watch = new LabWatch(client, listener);
    const [rows] = await Promise.all([
      client.call<SupervisedDevice[]>('lab-status', {}, ANSWER_LIMIT_MS).catch(() => []),
      client.call('lab-follow', {}, ANSWER_LIMIT_MS).catch(() => {}),
    ]);
    for (const { name, state } of rows) if (state !== 'running' && state !== 'starting') watch.absent.add(name);
    return watch;
  }

  /** False when the lab knows that it does not. */
  canAnswer(device: string): boolean {
    return !this.absent.has(device);
  }

  /** Resolves once the lab knows that it cannot answer. */
  absence(device: string): Promise<void> {
    if (this.absent.has(device)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ name: device, resolve }));
  }

  private leave(device: string): void {
    this.absent.add(device);
    for (const { name, resolve } of this.waiting) if (name === device) resolve();
    this.waiting = this.waiting.filter(({ name }) => name !== device);
  }

  close(): void {
    this.client.close();
  }
}
