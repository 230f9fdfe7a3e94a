/**
 * Chaos over the lab's control socket. What goes wrong has, as its data, what the command ends with: `{exitStatus, hint?}`.
 *
 * | method | params | result |
 * | --- | --- | --- |
 * | `chaos-apply` | a FaultRequest | the Fault, once it is in force |
 * | `chaos-end` | `{id}` | the Fault, with its parts taken back |
 * | `chaos-clear` | – | the Faults that were in force |
 * | `chaos-list` | – | {@link ListedFault} rows |
 */
import { RPC_REFUSED, RpcError, type RpcMethods } from '../../devices/control.js';
import { CliError } from '../errors.js';
import type { Chaos, Fault, FaultCount, FaultRequest } from './fault.js';

export interface ListedFault extends Fault, Partial<Pick<FaultCount, 'matched' | 'hit' | 'exhausted'>> {
  /** Until it ends by itself; absent when it does not. */
  readonly leftMs?: number;
}

export interface ChaosRefusal {
  readonly exitStatus: CliError['exitStatus'];
  readonly hint?: string;
}

export function chaosMethods(chaos: Chaos): RpcMethods {
  return {
    'chaos-apply': (params) => asRpc(chaos.apply(params as unknown as FaultRequest)),
    'chaos-end': ({ id }) => asRpc(chaos.end(String(id))),
    'chaos-clear': () => asRpc(chaos.clear()),
    'chaos-list': () => listFaults(chaos),
  };
}

/** With what each has done so far. */
export async function listFaults(chaos: Chaos): Promise<ListedFault[]> {
  const counts = new Map((await chaos.counts()).map((count) => [count.id, count]));
  const now = Date.now();
  return chaos.list().map((fault) => {
    const { matched, hit, exhausted } = counts.get(fault.id) ?? {};
    return {
      ...fault,
      ...(fault.until !== undefined && { leftMs: Math.max(0, fault.until - now) }),
      ...(matched !== undefined && { matched, hit }),
      ...(exhausted && { exhausted }),
    };
  });
}

async function asRpc<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { message, exitStatus, hint } = error;
    const data: ChaosRefusal = { exitStatus, ...(hint !== undefined && { hint }) };
    throw new RpcError(RPC_REFUSED, message, data);
  }
}
