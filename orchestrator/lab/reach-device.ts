/**
 * Talking to one device of a lab. It may have no process, or one that is paused and does not answer: then the lab knows
 * why, and it is said soon.
 */
import { RpcError } from '../../devices/control.js';
import { CliError } from '../errors.js';
import { describeState, remedy, type SupervisedDevice } from './device-state.js';
import { RpcClient } from './rpc-client.js';
import { connectLab, findDevice, type LabState } from './state.js';

/** A device that is well has mostly answered by then; of one that has not, the lab is asked whether it can. */
const PATIENCE_MS = 200;
const STATUS_LIMIT_MS = 2000;
/** What a device answers at once it has answered by then, however busy the machine is. */
const ANSWER_LIMIT_MS = 10_000;
/** As long as a page load may stand still. */
const PAUSED_LIMIT_MS = 30_000;
/** Between the end of a connection and the lab's news that the process behind it has ended. */
const END_SEEN_LIMIT_MS = 500;
const END_SEEN_POLL_MS = 25;

/** What the lab says of its devices; empty when it does not answer. */
export async function supervisedRows(lab: string): Promise<SupervisedDevice[]> {
  const client = await connectLab(lab).catch(() => undefined);
  const rows = await client?.call<SupervisedDevice[]>('lab-status', {}, STATUS_LIMIT_MS).catch(() => []);
  client?.close();
  return rows ?? [];
}

/** Rejects with a CliError: of status 3 for a device that is not there, of status 1 for one that cannot answer. */
export async function connectDevice(state: LabState, name: string): Promise<RpcClient> {
  const { control } = findDevice(state, name);
  const connecting = RpcClient.connect(control);
  try {
    return await unlessAbsent(state, name, connecting);
  } catch (error) {
    connecting.then(
      (late) => late.terminate(),
      () => {},
    );
    throw error instanceof CliError ? error : await whyNoAnswer(state, name);
  }
}

/** A call that is answered at once. Rejects with a CliError when the device cannot answer; with its RpcError. */
export async function ask<Result>(
  state: LabState,
  name: string,
  client: RpcClient,
  method: string,
  params: object = {},
): Promise<Result> {
  try {
    return await unlessAbsent(state, name, client.call<Result>(method, params, ANSWER_LIMIT_MS));
  } catch (error) {
    throw await explainFailure(state, name, error);
  }
}

/** What a call to a device has failed with, in words for people: its RpcError as it is, else a CliError. */
export async function explainFailure(state: LabState, name: string, error: unknown): Promise<Error> {
  if (error instanceof RpcError || error instanceof CliError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ETIMEDOUT') return whyNoAnswer(state, name);
  const limit = Date.now() + END_SEEN_LIMIT_MS;
  for (;;) {
    const row = await supervisedRow(state, name);
    if (row !== undefined && row.state !== 'running') return absence(state, row);
    if (row === undefined || Date.now() > limit) return new CliError(1, message);
    await new Promise((resolve) => setTimeout(resolve, END_SEEN_POLL_MS));
  }
}

/**
 * What takes as long as it takes, a page load or a command: it goes on when its device was paused meanwhile, but not one
 * that stays so. Rejects with the device's RpcError, else with a CliError.
 */
export async function unlessPaused<T>(
  state: LabState,
  name: string,
  work: Promise<T>,
  limitMs = PAUSED_LIMIT_MS,
): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  let lab: RpcClient | undefined;
  let isOver = false;
  const begin = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
  const pausedForLong = new Promise<never>((_, reject) => {
    const paused = (who: { readonly name: string }) => {
      if (who.name === name) limit ??= setTimeout(async () => reject(await whyNoAnswer(state, name)), limitMs);
    };
    const resumed = (who: { readonly name: string }) => {
      if (who.name !== name) return;
      clearTimeout(limit);
      limit = undefined;
    };
    const watch = async () => {
      await begin;
      if (isOver) return;
      lab = await connectLab(state.name).catch(() => undefined);
      lab?.notifications.set('device-pause', paused).set('device-resume', resumed);
      const rows = await lab?.call<SupervisedDevice[]>('lab-status', {}, STATUS_LIMIT_MS).catch(() => []);
      if (isOver) lab?.close();
      else for (const row of rows ?? []) if (row.state === 'paused') paused(row);
    };
    void watch();
  });
  try {
    return await Promise.race([work, pausedForLong]);
  } catch (error) {
    throw await explainFailure(state, name, error);
  } finally {
    isOver = true;
    clearTimeout(limit);
    lab?.close();
  }
}

/** That a device has no process, or one that is paused; undefined when its lab knows of nothing. */
export async function absenceOf(state: LabState, name: string): Promise<CliError | undefined> {
  const row = await supervisedRow(state, name);
  return row === undefined || row.state === 'running' ? undefined : absence(state, row);
}

/** Why a device does not answer, as far as its lab knows. */
async function whyNoAnswer(state: LabState, name: string): Promise<CliError> {
  const hint = remedy({ name, state: 'running' }, state.name);
  const unknown = new CliError(1, `${name} does not answer: its process is overloaded, or stopped from outside`, hint);
  return (await absenceOf(state, name)) ?? unknown;
}

async function supervisedRow(state: LabState, name: string): Promise<SupervisedDevice | undefined> {
  return (await supervisedRows(state.name)).find((row) => row.name === name);
}

function absence(state: LabState, row: SupervisedDevice): CliError {
  return new CliError(1, describeState(row, Date.now()), remedy(row, state.name));
}

/** As `work`, but rejects with a CliError when it takes long and the lab says that the device cannot answer. */
async function unlessAbsent<T>(state: LabState, name: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const absent = new Promise<never>((_, reject) => {
    const look = async () => {
      const row = await supervisedRow(state, name);
      if (isOver) return;
      if (row === undefined || row.state === 'running') timer = setTimeout(look, PATIENCE_MS);
      else reject(absence(state, row));
    };
    timer = setTimeout(look, PATIENCE_MS);
  });
  try {
    return await Promise.race([work, absent]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
