/** What a world's cables and machines showed of one page load, as a lab's capture would have it. */
import type { FetchResult } from '../../devices/control.js';
import { dissect } from '../../devices/stack/wire/dissect.js';
import type { LabFrame } from '../../orchestrator/capture/session.js';
import { inOrder } from '../../orchestrator/capture/timeline.js';
import { Scene } from '../../orchestrator/story/scene.js';
import type { World } from './world.js';

export interface WorldSceneOptions {
  /** Addresses of devices, `{client: '10.0.0.1'}`, for their names in the story. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of every cable. */
  readonly delayMs: number;
  /** What the wall clock showed at instant 0, milliseconds since 1970. */
  readonly epochMs: number;
}

/** Frames and events since `result` began; all devices are hosts with one port, `eth0`. */
export function worldScene(world: World, client: string, result: FetchResult, options: WorldSceneOptions): Scene {
  const names = Object.keys(options.addresses);
  const interfaces = names.map((device) => {
    const addresses = [`${options.addresses[device]}/24`];
    return { device, port: 'eth0', link: 'cable', mac: '', addresses };
  });
  const seen = (packet: Uint8Array, end: string, at: number, direction: 'in' | 'out'): LabFrame => {
    const [device, port] = end.split(':');
    const layers = dissect(packet);
    const dataLength = layers.tcp?.payload.length ?? layers.udp?.payload.length ?? 0;
    const interfaceIndex = names.indexOf(device);
    return {
      n: 0,
      at,
      device,
      port,
      interfaceIndex,
      direction,
      dropped: '',
      fault: '',
      packet,
      length: packet.length,
      layers,
      dataLength,
    };
  };
  const frames = world.frames
    .filter(({ at }) => at >= result.startAt)
    .flatMap(({ packet, from, to, at }) => [
      seen(packet, from, at, 'out'),
      seen(packet, to, at + options.delayMs, 'in'),
    ])
    .sort(inOrder);
  frames.forEach((frame, index) => {
    frame.n = index + 1;
  });
  const traces = world.traced
    .filter(({ at }) => at >= result.startAt)
    .map(({ device, ...event }) => ({ device, event: event as never }));
  const capture = { interfaces, frames, traces, missed: 0, epochOffsetMs: options.epochMs };
  const devices = names.map((name) => ({ name, kind: 'host' as const, control: '', logFile: '', pid: 1 }));
  const lab = { name: 'world', pid: 1, topology: '', defaultHost: client, startedAt: '', devices };
  return new Scene(lab, client, result, capture, []);
}
