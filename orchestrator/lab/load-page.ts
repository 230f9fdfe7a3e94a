/** A page load on a host of a lab: it ends, whatever happens to the host. */
import type { FetchRequest, FetchResult } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { formatDuration } from '../terminal.js';
import { absenceOf, unlessPaused } from './reach-device.js';
import type { RpcClient } from './rpc-client.js';
import type { LabState } from './state.js';

/** By then the browser itself has given up a load without a time limit; by its own clock, which may be slow. */
const LONGEST_LOAD_MS = 600_000;
/** For the browser to give up and to say so, when its host is slow. */
const ANSWER_LIMIT_MS = 3000;
/** What Node's timers can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Rejects with the device's RpcError, else with a CliError: also when the host has not answered soon after the time limit. */
export async function loadPage(
  state: LabState,
  host: string,
  client: RpcClient,
  request: FetchRequest,
): Promise<FetchResult> {
  const { timeoutMs } = request;
  const limitMs = Math.min((timeoutMs ?? LONGEST_LOAD_MS) + ANSWER_LIMIT_MS, LONGEST_WAIT_MS);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(async () => reject(await whyNotDone(state, host, limitMs)), limitMs);
  });
  try {
    return await Promise.race([unlessPaused(state, host, client.call<FetchResult>('fetch', request), timeoutMs), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function whyNotDone(state: LabState, host: string, limitMs: number): Promise<CliError> {
  const message = `${host} has not given up the load after ${formatDuration(limitMs)}: its clock is slow, its process overloaded, or stopped from outside`;
  const hint = `See \`netarium chaos list --lab ${state.name}\` and \`netarium logs ${host} --lab ${state.name}\`.`;
  return (await absenceOf(state, host)) ?? new CliError(1, message, hint);
}
