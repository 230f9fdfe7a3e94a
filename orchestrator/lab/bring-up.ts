/** What is waited for until a device that has started is of use: its addresses, its applications. */
import type { DeviceConfig, DeviceStatus } from '../../devices/control.js';
import { CliError } from '../errors.js';

const CONFIGURED_LIMIT_MS = 15_000;
const LOADED_LIMIT_MS = 15_000;
const POLL_MS = 20;

interface StartedDevice {
  readonly config: DeviceConfig;
  /** Undefined when it has no process. */
  status(): Promise<DeviceStatus | undefined>;
}

/** Polls, since a device may get its address at any time; one whose DHCP does not work is up all the same. */
export async function awaitConfigured(
  devices: readonly StartedDevice[],
  report: (configured: number) => void,
): Promise<void> {
  const limit = Date.now() + CONFIGURED_LIMIT_MS;
  let waiting = devices.filter(({ config }) => config.ports.some(({ dhcp }) => dhcp));
  while (waiting.length > 0 && Date.now() < limit) {
    const states = await Promise.all(waiting.map((device) => device.status()));
    const before = waiting.length;
    waiting = waiting.filter((_, index) => states[index]?.configured === false);
    if (waiting.length < before) report(devices.length - waiting.length);
    if (waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A host with an application that does not start is not the one that was asked for: rejects with a CliError. */
export async function awaitApplications(devices: readonly StartedDevice[]): Promise<void> {
  const hosts = devices.filter(({ config }) => config.web?.sites.some(({ app }) => app !== undefined));
  const limit = Date.now() + LOADED_LIMIT_MS;
  for (const host of hosts) {
    const { name } = host.config;
    for (;;) {
      const status = await host.status();
      if (status === undefined) break;
      if (status.faults.length > 0) throw new CliError(1, `${name}: ${status.faults.join('\n')}`);
      if (status.loaded) break;
      if (Date.now() > limit)
        throw new CliError(1, `${name}: its applications are not loaded within ${LOADED_LIMIT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Rejects with a CliError when `run` takes longer. */
export async function withLimit<T>(limitMs: number, message: string, run: () => Promise<T>): Promise<T> {
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
