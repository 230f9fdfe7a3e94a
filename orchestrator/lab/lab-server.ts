/** The lab's own control socket: who is there, who has died, and the order to end. */
import { createServer, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type RpcMethods, serveRpc } from '../../devices/control.js';
import { chaosMethods } from '../chaos/chaos-methods.js';
import type { Chaos, ChaosNews } from '../chaos/fault.js';
import type { DeviceNews } from './device-news.js';
import { Followers } from './followers.js';
import type { Lab } from './lab.js';
import { labSocket } from './paths.js';

/** Of news that a client has not read: one that is stopped (Ctrl-Z) must not fill the supervisor's memory. */
const MOST_UNREAD_BYTES = 1024 * 1024;

export class LabServer {
  private readonly http: Server = createServer((_request, response) => {
    response.writeHead(426, { Connection: 'close' }).end();
  });
  private readonly sockets: WebSocketServer;
  private readonly followers = new Followers();

  constructor(lab: Lab, chaos: Chaos, down: () => void) {
    const methods: RpcMethods = {
      'lab-status': () => lab.devices.map(({ row }) => row),
      'lab-follow': (_params, peer) => this.followers.add(peer),
      'lab-listening': ({ name }, peer) => this.followers.listens(String(name), peer),
      'lab-down': () => down(),
      ...chaosMethods(chaos),
    };
    this.sockets = new WebSocketServer({ server: this.http, maxPayload: 1024 * 1024, perMessageDeflate: false });
    this.sockets.on('connection', (socket: WebSocket) => serveRpc(socket, methods));
    this.sockets.on('error', () => {});
  }

  async open(lab: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject);
      this.http.listen(labSocket(lab), resolve);
    });
  }

  /**
   * Tells every connected client at once what has happened to a device. Of one that comes back: resolves when those who
   * follow the lab listen to it.
   */
  async announce(news: DeviceNews): Promise<void> {
    const gathered = news.event === 'start' ? this.followers.gathered(news.name) : undefined;
    this.tellAll(`device-${news.event}`, news);
    await gathered;
  }

  /** The same of faults that begin and end. */
  announceChaos(news: ChaosNews): void {
    this.tellAll('chaos-news', news);
  }

  private tellAll(method: string, params: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method, params });
    for (const client of this.sockets.clients) {
      if (client.bufferedAmount > MOST_UNREAD_BYTES) client.terminate();
      else client.send(text);
    }
  }

  close(): void {
    for (const client of this.sockets.clients) client.close(1001);
    this.sockets.close();
    this.http.close();
  }
}
