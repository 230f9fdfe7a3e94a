/** A world's frames and events as a lab's capture has them: by taps at all ports, so with what was dropped and marked. */
import type { CaptureInterface, DeviceKind, FetchResult, InterfaceRow, RouteRow } from '../../devices/control.js';
import type { Port } from '../../devices/stack/link/port.js';
import { dissect } from '../../devices/stack/wire/dissect.js';
import type { LabCapture, LabFrame } from '../../orchestrator/capture/session.js';
import { inOrder } from '../../orchestrator/capture/timeline.js';
import { buildReport } from '../../orchestrator/story/build.js';
import type { FetchReport } from '../../orchestrator/story/report.js';
import { Scene } from '../../orchestrator/story/scene.js';
import type { World } from './world.js';

export class CapturedWorld {
  private readonly world: World;
  private readonly interfaces: CaptureInterface[] = [];
  private readonly frames: LabFrame[] = [];

  /** Listens from now on. */
  constructor(world: World) {
    this.world = world;
    for (const device of world.names) {
      for (const port of world.machine(device).ports) this.listen(device, port);
    }
  }

  private listen(device: string, port: Port) {
    const rows = this.world.machine(device).inspect('interfaces') as InterfaceRow[];
    const { mac = '', addresses = [] } = rows.find(({ name }) => name === port.name) ?? {};
    const interfaceIndex = this.interfaces.push({ device, port: port.name, link: port.link, mac, addresses }) - 1;
    port.addTap((packet, direction, dropped, at, fault) => {
      const layers = dissect(packet);
      const dataLength = layers.tcp?.payload.length ?? layers.udp?.payload.length ?? 0;
      const place = { device, port: port.name, interfaceIndex, direction };
      this.frames.push({ n: 0, at, ...place, dropped, fault, packet, length: packet.length, layers, dataLength });
    });
  }

  /** Of what happened since the load began, or of this part of it; to be called when all of it has passed. */
  scene(client: string, result: FetchResult, part = (capture: LabCapture) => capture): Scene {
    const frames = this.frames.filter(({ at }) => at >= result.startAt).sort(inOrder);
    frames.forEach((frame, index) => {
      frame.n = index + 1;
    });
    const traces = this.world.traced
      .filter(({ at }) => at >= result.startAt)
      .map(({ device, ...event }) => ({ device, event: event as never }));
    const capture: LabCapture = { interfaces: this.interfaces, frames, traces, missed: 0, epochOffsetMs: 0 };
    const devices = this.world.names.map((name) => {
      return { name, kind: this.world.machine(name).kind as DeviceKind, control: '', logFile: '', pid: 1 };
    });
    const lab = { name: 'world', pid: 1, topology: '', defaultHost: client, startedAt: '', devices };
    return new Scene(lab, client, result, part(capture), this.world.machine(client).inspect('routes') as RouteRow[]);
  }

  report(client: string, result: FetchResult, part?: (capture: LabCapture) => LabCapture): FetchReport {
    return buildReport(this.scene(client, result, part), 'world');
  }
}
