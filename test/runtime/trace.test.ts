import t from 'tap';
import type { RpcPeer } from '../../devices/control.js';
import { TraceHub } from '../../devices/runtime/trace.js';
import type { TraceDetail } from '../../devices/stack/trace.js';

class Client implements RpcPeer {
  backlogBytes = 0;
  readonly events: string[] = [];
  private readonly closers: (() => void)[] = [];

  notify(_method: string, params: { event: string }): void {
    this.events.push(params.event);
  }

  sendBinary(): void {}

  onBinary(): void {}

  terminate(): void {}

  onClose(run: () => void): void {
    this.closers.push(run);
  }

  leave(): void {
    for (const run of this.closers) run();
  }
}

const EVENT: TraceDetail = { event: 'html-parsed', url: 'http://a/', resources: [] };

t.test('events go to those who asked, as long as they do', async (t) => {
  const hub = new TraceHub();
  t.equal(hub.enabled, false, 'nobody listens: nothing is made up');
  const [a, b] = [new Client(), new Client()];
  hub.start(a);
  hub.start(a);
  hub.start(b);
  hub.emit(EVENT);
  t.same([a.events, b.events], [['html-parsed'], ['html-parsed']], 'once, however often they asked');
  t.same(hub.stop(a), { missed: 0 });
  b.leave();
  t.equal(hub.enabled, false);
  t.same(hub.stop(a), { missed: 0 });
});

t.test('a client that named events gets no others', async (t) => {
  const hub = new TraceHub();
  const client = new Client();
  hub.start(client, ['tls-secret']);
  hub.emit(EVENT);
  hub.emit({ event: 'tls-secret', local: '', remote: '', line: 'x' });
  t.same(client.events, ['tls-secret']);
});

t.test('a client that is too far behind misses events, which are counted', async (t) => {
  const hub = new TraceHub();
  const client = new Client();
  hub.start(client);
  client.backlogBytes = 65 * 1024 * 1024;
  hub.emit(EVENT);
  hub.emit(EVENT);
  client.backlogBytes = 0;
  hub.emit(EVENT);
  t.equal(client.events.length, 1);
  t.same(hub.stop(client), { missed: 2 });
});
