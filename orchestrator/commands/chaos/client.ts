/** The faults of a lab that is up, over its socket. */
import { RpcError } from '../../../devices/control.js';
import type { ChaosRefusal, ListedFault } from '../../chaos/chaos-methods.js';
import type { ChaosNews, Fault, FaultRequest } from '../../chaos/fault.js';
import { CliError } from '../../errors.js';
import type { RpcClient } from '../../lab/rpc-client.js';
import { connectLab, findLab, type LabState } from '../../lab/state.js';

export class ChaosClient {
  readonly lab: LabState;
  private readonly rpc: RpcClient;

  constructor(lab: LabState, rpc: RpcClient) {
    this.lab = lab;
    this.rpc = rpc;
  }

  apply(request: FaultRequest): Promise<Fault> {
    return this.call('chaos-apply', request);
  }

  end(id: string): Promise<Fault> {
    return this.call('chaos-end', { id });
  }

  clear(): Promise<Fault[]> {
    return this.call('chaos-clear', {});
  }

  list(): Promise<ListedFault[]> {
    return this.call('chaos-list', {});
  }

  onNews(listener: (news: ChaosNews) => void): void {
    this.rpc.notifications.set('chaos-news', listener);
  }

  onClose(listener: () => void): void {
    this.rpc.onClose = listener;
  }

  private async call<Result>(method: string, params: object): Promise<Result> {
    try {
      return await this.rpc.call<Result>(method, params);
    } catch (error) {
      const { exitStatus = 1, hint } = ((error instanceof RpcError && error.data) || {}) as Partial<ChaosRefusal>;
      throw new CliError(exitStatus, (error as Error).message, hint);
    }
  }
}

/** Rejects with a CliError of status 3 when no such lab is up. */
export async function withChaos<T>(name: string | undefined, work: (chaos: ChaosClient) => Promise<T>): Promise<T> {
  const lab = await findLab(name);
  const rpc = await connectLab(lab.name);
  if (rpc === undefined) throw new CliError(3, `no lab ${lab.name} is up`);
  try {
    return await work(new ChaosClient(lab, rpc));
  } finally {
    rpc.onClose = undefined;
    rpc.close();
  }
}
