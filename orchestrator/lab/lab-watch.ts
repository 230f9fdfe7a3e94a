/** A lab from outside, as time goes by: which devices end, pause and come back. */
import type { ChaosNews, Fault } from '../chaos/fault.js';
import type { DeviceEnded, DeviceHalted, DeviceStarted } from './device-news.js';
import type { SupervisedDevice } from './device-state.js';
import type { RpcClient } from './rpc-client.js';
import { connectLab } from './state.js';

const ANSWER_LIMIT_MS = 2000;
/** The lab asks each device what its faults have done, and gives up a silent one after two seconds. */
const FAULTS_LIMIT_MS = 4000;

export type Absence = Pick<SupervisedDevice, 'state' | 'by'>;

export interface LabListener {
  /** A device's process answers again. Its programs start when what this returns has resolved, or after a second. */
  onStart(news: DeviceStarted): Promise<void>;
  onEnd?(news: DeviceEnded): void;
  /** It cannot answer from now on, or could not before: `state` says why. */
  onAbsent?(device: string, absence: Absence): void;
  /** It can again. */
  onPresent?(device: string): void;
  /** A fault has begun, or ended. */
  onFault?(news: ChaosNews): void;
  /** The lab has ended, or {@link LabWatch.close} was called. */
  onClose?(): void;
}

export class LabWatch {
  private readonly client: RpcClient;
  private readonly listener: LabListener;
  /** By name: those that have no process, or one that is stopped. They do not answer. */
  private readonly absent = new Set<string>();
  private waiting: { readonly name: string; readonly resolve: () => void }[] = [];

  private constructor(client: RpcClient, listener: LabListener) {
    const { onStart, onEnd, onClose } = listener;
    this.client = client;
    this.listener = listener;
    client.onClose = () => onClose?.();
    client.notifications.set('device-start', async (news: DeviceStarted) => {
      this.arrive(news.name);
      await onStart(news);
      client.notify('lab-listening', { name: news.name });
    });
    client.notifications.set('device-end', (news: DeviceEnded) => {
      this.leave(news.name, news);
      onEnd?.(news);
    });
    client.notifications.set('chaos-news', (news: ChaosNews) => listener.onFault?.(news));
    client.notifications.set('device-pause', ({ name, by }: DeviceHalted) => this.leave(name, { state: 'paused', by }));
    client.notifications.set('device-resume', ({ name }: DeviceHalted) => this.arrive(name));
  }

  /** Undefined when no lab of that name is up, or it does not answer. */
  static async open(lab: string, listener: LabListener): Promise<LabWatch | undefined> {
    const client = await connectLab(lab).catch(() => undefined);
    if (client === undefined) return undefined;
    const watch = new LabWatch(client, listener);
    const [rows] = await Promise.all([
      client.call<SupervisedDevice[]>('lab-status', {}, ANSWER_LIMIT_MS).catch(() => []),
      client.call('lab-follow', {}, ANSWER_LIMIT_MS).catch(() => {}),
    ]);
    for (const { name, state, by } of rows) {
      if (state !== 'running' && state !== 'starting') watch.leave(name, { state, by });
    }
    return watch;
  }

  /** Faults that are in force now; none where the lab does not say. */
  faults(): Promise<readonly Fault[]> {
    return this.client.call<Fault[]>('chaos-list', {}, FAULTS_LIMIT_MS).catch(() => []);
  }

  /** Resolves once the lab knows that it cannot answer. */
  absence(device: string): Promise<void> {
    if (this.absent.has(device)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ name: device, resolve }));
  }

  private arrive(device: string): void {
    this.absent.delete(device);
    this.listener.onPresent?.(device);
  }

  private leave(device: string, { state, by }: Absence): void {
    this.absent.add(device);
    this.listener.onAbsent?.(device, { state, by });
    for (const { name, resolve } of this.waiting) if (name === device) resolve();
    this.waiting = this.waiting.filter(({ name }) => name !== device);
  }

  close(): void {
    this.client.close();
  }
}
