/** Connections of a device of a running lab, for as long as that lab runs. */
import { CliError } from '../errors.js';
import { type DeviceEnded, type DeviceHalted, type DeviceStarted, describeNews } from '../lab/device-news.js';
import { ConnectError, DeviceStream } from '../lab/device-stream.js';
import { connectDevice } from '../lab/reach-device.js';
import { connectLab, findDevice, type LabDevice, type LabState, readLabState } from '../lab/state.js';
import { news } from '../terminal.js';
import type { Dial } from './relay.js';

/** The device by name. Throws a CliError when it is not there, or has no network to speak of. */
export function callingDevice(lab: LabState, name: string | undefined): LabDevice {
  if (name === undefined)
    throw new CliError(2, `lab ${lab.name} has no host to connect from`, 'Name a device with --from.');
  const device = findDevice(lab, name);
  if (device.kind === 'switch' || device.kind === 'hub') {
    throw new CliError(2, `${name} is a ${device.kind}: only hosts, routers and DNS servers can connect`);
  }
  return device;
}

/** `program` is what `netstat` on the device says of them. */
export function dialFrom(lab: LabState, device: LabDevice, program: string): Dial {
  return async (host, port, signal) => {
    try {
      const client = await connectDevice(lab, device.name);
      return await DeviceStream.over(client, { host, port, program }, signal);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      throw new ConnectError({ code: 'ENETDOWN', message: error.message, stage: 'routing' });
    }
  };
}

/**
 * Resolves when a command that stays in the foreground is to end: with `interrupted` on Ctrl-C, with `lab-ended` when the
 * lab goes. That its device dies is told meanwhile.
 */
export async function foreground(
  lab: LabState,
  device: LabDevice,
  signal: AbortSignal,
): Promise<'interrupted' | 'lab-ended'> {
  const client = await connectLab(lab.name);
  const ended = new Promise<'lab-ended'>((resolve) => {
    if (client === undefined) resolve('lab-ended');
    else client.onClose = () => resolve('lab-ended');
  });
  const away = (happened: DeviceEnded | DeviceHalted) => {
    if (happened.name === device.name) news(`${describeNews(happened)}; nothing can be reached until it is back`);
  };
  const back = (happened: DeviceStarted | DeviceHalted) => {
    if (happened.name === device.name) news(describeNews(happened));
  };
  client?.notifications.set('device-end', away).set('device-pause', away);
  client?.notifications.set('device-start', back).set('device-resume', back);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    if (signal.aborted) resolve('interrupted');
    else signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  const why = await Promise.race([ended, interrupted]);
  if (client !== undefined) client.onClose = undefined;
  client?.close();
  if (why === 'lab-ended') {
    news(`lab ${lab.name} has ended`);
    // Who takes a lab down removes its folder first; one that is left has a supervisor that died.
    if (readLabState(lab.name) !== undefined) process.exitCode = 1;
  }
  return why;
}
