import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CaptureHub } from '../../../devices/runtime/capture.js';
import { monotonicNow } from '../../../devices/runtime/clock.js';
import { RpcServer } from '../../../devices/runtime/rpc-server.js';
import { TraceHub } from '../../../devices/runtime/trace.js';
import type { Port } from '../../../devices/stack/link/port.js';
import { BROADCAST_MAC } from '../../../devices/stack/wire/address.js';
import { LiveCapture, type LiveFrame } from '../../../orchestrator/capture/live.js';
import type { DeviceSelection } from '../../../orchestrator/capture/selection.js';
import { claimLab } from '../../../orchestrator/lab/claim.js';
import { labDirectory, labSocket, makeRunRoot } from '../../../orchestrator/lab/paths.js';
import { type LabState, writeLabState } from '../../../orchestrator/lab/state.js';
import { packetOf } from '../../support/packets.js';
import { PortNode, TEST_ETHERTYPE } from '../../support/port-node.js';
import { ownRunRoot } from '../lab/run-dir.js';

const PACKET = packetOf({ dst: BROADCAST_MAC, src: 2, etherType: TEST_ETHERTYPE, payload: new Uint8Array(46) });
const ALL: DeviceSelection = { outOnly: [] };

/** A device as far as captures see it: ports, and a control socket that may close and open again. */
class FakeDevice {
  readonly node: PortNode;
  readonly hub: CaptureHub;
  readonly traces = new TraceHub();
  private server: RpcServer;
  private readonly path: string;

  constructor(name: string, path: string) {
    this.path = path;
    this.node = new PortNode(name, ['1', '2']);
    const describe = (port: Port) => ({ device: name, port: port.name, link: '', mac: '', addresses: [] });
    this.hub = new CaptureHub(this.node.ports, describe);
    this.server = this.makeServer();
  }

  async open(): Promise<void> {
    await this.server.open();
  }

  /** The process ends, and another one of that name starts. */
  async restart(meanwhile: () => Promise<unknown>): Promise<void> {
    this.server.close();
    await meanwhile();
    this.server = this.makeServer();
    await this.server.open();
  }

  close(): void {
    this.server.close();
  }

  /** A frame that leaves by this port, this long ago. */
  send(port: number, agoMs = 0): void {
    this.node.timers.advance(Math.max(this.node.timers.now, monotonicNow() - agoMs));
    this.node.ports[port].send(PACKET);
  }

  private makeServer(): RpcServer {
    return new RpcServer(this.path, {
      'capture-start': (_params, peer) => this.hub.start(peer),
      'capture-stop': (_params, peer) => this.hub.stop(peer),
      'trace-start': ({ events }, peer) => this.traces.start(peer, events as string[]),
      status: () => ({ pid: 4711 }),
    });
  }
}

/** What a capture tells, and a way to wait for it. */
class Watcher {
  readonly interfaces: string[] = [];
  readonly frames: LiveFrame[] = [];
  readonly news: string[] = [];
  private waiting: (() => void)[] = [];

  readonly onInterface = ({ device, port }: { device: string; port: string }) => {
    this.interfaces.push(`${device}:${port}`);
    this.changed();
  };
  readonly onFrames = (frames: readonly LiveFrame[]) => {
    this.frames.push(...frames);
    this.changed();
  };
  readonly onNews = (text: string) => {
    this.news.push(text);
    this.changed();
  };

  get seen(): string[] {
    return this.frames.map(({ on, direction }) => `${on.device}:${on.port} ${direction}`);
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private changed(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

async function lab(t: Test, ...names: string[]) {
  ownRunRoot(t);
  makeRunRoot();
  await claimLab('fake', 'fake.yaml');
  const path = (name: string) => join(labDirectory('fake'), `${name}.sock`);
  const state: LabState = {
    name: 'fake',
    pid: process.pid,
    topology: 'fake.yaml',
    defaultHost: undefined,
    startedAt: new Date().toISOString(),
    devices: names.map((name) => ({ name, kind: 'switch', control: path(name), logFile: '', pid: process.pid })),
  };
  writeLabState(state);
  const supervisor = new RpcServer(labSocket('fake'), {});
  await supervisor.open();
  const devices = names.map((name) => new FakeDevice(name, path(name)));
  t.teardown(() => {
    supervisor.close();
    for (const device of devices) device.close();
  });
  return { state, supervisor, devices, path };
}

t.test('frames of two devices on one timeline, whichever is read first', async (t) => {
  const { state, devices, supervisor } = await lab(t, 'a', 'b');
  const [a, b] = devices;
  await Promise.all([a.open(), b.open()]);
  const watcher = new Watcher();
  const selection = new Map(['a', 'b'].map((name) => [name, ALL]));
  const capture = await LiveCapture.start(state, selection, undefined, watcher);
  t.same(watcher.interfaces, ['a:1', 'a:2', 'b:1', 'b:2'], 'in the order of the devices');
  t.same(capture.silent, []);
  a.send(0, 20);
  b.send(1, 10);
  a.send(1, 5);
  b.send(0, 30);
  await watcher.until(() => watcher.frames.length === 4);
  const times = watcher.frames.map(({ at }) => at);
  t.same(
    times,
    [...times].sort((x, y) => x - y),
  );
  a.send(0);
  t.same(await capture.stop(), { missed: 0, filtered: 0 });
  t.equal(watcher.frames.length, 5, 'the end waits for what was on its way');
  t.notOk(a.node.ports[0].tapped);
  supervisor.close();
  await capture.labEnded;
  t.same(watcher.news, []);
});

t.test('secrets of TLS come before the frames that they decrypt, and only to who wants them', async (t) => {
  const { state, devices } = await lab(t, 'a');
  const [a] = devices;
  await a.open();
  const selection = new Map([['a', ALL]]);
  const blind = await LiveCapture.start(state, selection, undefined, new Watcher());
  t.notOk(a.traces.enabled, 'nobody wants them: no device tells');
  await blind.stop();
  const watcher = new Watcher();
  const seen: string[] = [];
  const capture = await LiveCapture.start(state, selection, undefined, {
    ...watcher,
    onInterface: watcher.onInterface,
    onFrames: (frames) => {
      seen.push(...frames.map(() => 'frame'));
      watcher.onFrames(frames);
    },
    onSecret: (line) => seen.push(line),
  });
  a.traces.emit({ event: 'html-parsed', url: 'http://a/', resources: [] });
  a.traces.emit({ event: 'tls-secret', local: '', remote: '', line: 'SECRET 1 2' });
  a.send(0);
  await watcher.until(() => watcher.frames.length === 1);
  t.same(seen, ['SECRET 1 2', 'frame']);
  await capture.stop();
});

t.test('a device that comes again goes on as the same; a port that comes is one more', async (t) => {
  const { state, devices } = await lab(t, 'a');
  const [a] = devices;
  await a.open();
  const watcher = new Watcher();
  const capture = await LiveCapture.start(state, new Map([['a', ALL]]), undefined, watcher);
  a.send(0);
  await watcher.until(() => watcher.frames.length === 1);
  await a.restart(() => watcher.until(() => watcher.news.length === 1));
  await watcher.until(() => watcher.news.length === 2);
  t.same(watcher.news, [
    'a has gone: the capture goes on without it, until it is back',
    'a is back (process 4711): the capture goes on with it',
  ]);
  a.send(0);
  const [late] = new PortNode('a', ['9']).ports;
  a.hub.attached(late);
  late.receive(PACKET);
  await watcher.until(() => watcher.frames.length === 3);
  t.same(watcher.interfaces, ['a:1', 'a:2', 'a:9']);
  t.same(watcher.seen.sort(), ['a:1 out', 'a:1 out', 'a:9 in']);
  await capture.stop();
});

t.test('a device that does not answer holds nobody up', async (t) => {
  const { state, devices, path } = await lab(t, 'a', 'mute');
  const [a] = devices;
  await a.open();
  const callers: Socket[] = [];
  const mute = createServer((socket) => callers.push(socket)).listen(path('mute'));
  t.teardown(() => {
    mute.close();
    for (const caller of callers) caller.destroy();
  });
  const watcher = new Watcher();
  const selection = new Map(['mute', 'a'].map((name) => [name, ALL]));
  const capture = await LiveCapture.start(state, selection, undefined, watcher);
  t.same(capture.silent, ['mute']);
  a.send(0);
  await watcher.until(() => watcher.frames.length === 1);
  await capture.stop();
});
