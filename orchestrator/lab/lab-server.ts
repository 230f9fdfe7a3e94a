/** The lab's own control socket: who is there, who has died, and the order to end. */
import { createServer, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type RpcMethods, serveRpc } from '../../devices/control.js';
import { type DeviceEnd, describeEnd } from './device-process.js';
import type { Lab } from './lab.js';
import { labSocket } from './paths.js';

/** One row of `lab-status`: what the supervisor knows and a dead device cannot tell. */
export interface SupervisedDevice {
  readonly name: string;
  readonly pid: number;
  readonly state: 'running' | 'dead';
  /** How it ended; empty while it runs. */
  readonly end: string;
}

export class LabServer {
  private readonly http: Server = createServer((_request, response) => {
    response.writeHead(426, { Connection: 'close' }).end();
  });
  private readonly sockets: WebSocketServer;

  constructor(lab: Lab, down: () => void) {
    const methods: RpcMethods = {
      'lab-status': (): SupervisedDevice[] =>
        lab.devices.map(({ config, pid, end }) => ({
          name: config.name,
          pid,
          state: end === undefined ? 'running' : 'dead',
          end: end === undefined ? '' : describeEnd(end),
        })),
      'lab-down': () => down(),
    };
    this.sockets = new WebSocketServer({ server: this.http, maxPayload: 64 * 1024, perMessageDeflate: false });
    this.sockets.on('connection', (socket: WebSocket) => serveRpc(socket, methods));
    this.sockets.on('error', () => {});
  }

  async open(lab: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(labSocket(lab), resolve);
    });
  }

  /** Tells every connected client at once that a device has died. */
  announceEnd(end: DeviceEnd): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'device-end', params: end });
    for (const client of this.sockets.clients) client.send(text);
  }

  close(): void {
    for (const client of this.sockets.clients) client.close(1001);
    this.sockets.close();
    this.http.close();
  }
}
