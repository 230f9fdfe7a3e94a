import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import t from 'tap';
import { answerRpc, invalidParams, type RpcMethods, type RpcPeer, refuse, serveRpc } from '../../devices/control.js';

const PEER: RpcPeer = {
  notify: () => {},
  sendBinary: () => {},
  onBinary: () => {},
  backlogBytes: 0,
  onClose: () => {},
  terminate: () => {},
};

const METHODS: RpcMethods = {
  add: ({ a, b }) => Number(a) + Number(b),
  nothing: () => undefined,
  later: async () => 'later',
  refuse: () => {
    throw refuse('not today');
  },
  invalid: () => {
    throw invalidParams('add takes numbers');
  },
  crash: () => {
    throw new TypeError('oops');
  },
  odd: () => Promise.reject('a text'),
  endless: () => {
    const circle: { self?: object } = {};
    circle.self = circle;
    return circle;
  },
};

async function answer(request: unknown): Promise<unknown> {
  const text = await answerRpc(typeof request === 'string' ? request : JSON.stringify(request), METHODS, PEER);
  return text === undefined ? undefined : JSON.parse(text);
}

const call = (method: string, params?: object) => answer({ jsonrpc: '2.0', id: 7, method, params });

t.test('a request is answered with its id', async (t) => {
  t.same(await call('add', { a: 1, b: 2 }), { jsonrpc: '2.0', id: 7, result: 3 });
  t.same(await call('nothing'), { jsonrpc: '2.0', id: 7, result: null });
  t.same(await call('later'), { jsonrpc: '2.0', id: 7, result: 'later' });
  t.same(await answer({ jsonrpc: '2.0', id: 'a', method: 'nothing' }), { jsonrpc: '2.0', id: 'a', result: null });
});

t.test('a notification is never answered, not even when it fails', async (t) => {
  t.equal(await answer({ jsonrpc: '2.0', method: 'add', params: { a: 1, b: 2 } }), undefined);
  t.equal(await answer({ jsonrpc: '2.0', method: 'crash' }), undefined);
  t.equal(await answer({ jsonrpc: '2.0', method: 'no-such' }), undefined);
});

t.test('errors carry the code that tells whose fault it is', async (t) => {
  const error = async (method: string) => (await call(method)) as { error: object };
  t.same((await error('refuse')).error, { code: -32000, message: 'not today' });
  t.same((await error('invalid')).error, { code: -32602, message: 'add takes numbers' });
  t.same((await error('crash')).error, { code: -32603, message: 'oops' });
  t.same((await error('odd')).error, { code: -32603, message: 'a text' });
  t.match((await error('endless')).error, { code: -32603 });
  t.same((await error('no-such')).error, { code: -32601, message: 'no method no-such' });
  t.same((await error('toString')).error, { code: -32601, message: 'no method toString' });
});

t.test('what is no request is told so', async (t) => {
  t.same(await answer('{'), { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'not JSON' } });
  t.same(await answer(''), { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'not JSON' } });
  const invalid = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32600, message: 'not a JSON-RPC 2.0 request' },
  });
  for (const odd of [null, 5, 'text', [], true, {}]) t.same(await answer(JSON.stringify(odd)), invalid(null));
  t.same(await answer({ jsonrpc: '1.0', id: 1, method: 'add' }), invalid(1));
  t.same(await answer({ jsonrpc: '2.0', id: 1, method: 5 }), invalid(1));
  t.same(await answer({ jsonrpc: '2.0', id: 1, method: 'add', params: [1, 2] }), invalid(1));
  t.same(await answer({ jsonrpc: '2.0', id: 1, method: 'add', params: null }), invalid(1));
});

t.test('any text is answered or ignored, never thrown at', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((params) => `{"jsonrpc":"2.0","method":"add","params":${params}}`),
  );
  await fc.assert(
    fc.asyncProperty(text, async (request) => {
      const reply = await answerRpc(request, METHODS, PEER);
      return reply === undefined || JSON.parse(reply).jsonrpc === '2.0';
    }),
  );
});

class FakeSocket extends EventEmitter {
  bufferedAmount = 0;
  readonly sent: (string | Uint8Array)[] = [];
  terminated = false;
  private woken: (() => void) | undefined;

  send(data: string | Uint8Array): void {
    this.sent.push(data);
    this.woken?.();
  }

  terminate(): void {
    this.terminated = true;
  }

  async next(): Promise<string | Uint8Array> {
    if (this.sent.length === 0) {
      await new Promise<void>((resolve) => {
        this.woken = resolve;
      });
    }
    return this.sent.shift() ?? '';
  }
}

t.test('a socket: answers, notifications, backlog, and the news that the client has gone', async (t) => {
  const socket = new FakeSocket();
  let client: RpcPeer | undefined;
  let gone = 0;
  serveRpc(socket, {
    hello: (_params, peer) => {
      client = peer;
      peer.onClose(() => {
        gone += 1;
      });
      peer.notify('news', { text: 'first' });
      peer.sendBinary(Uint8Array.of(1, 2));
      return 'done';
    },
  });
  socket.emit('message', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"hello"}'), false);
  t.equal(await socket.next(), '{"jsonrpc":"2.0","method":"news","params":{"text":"first"}}');
  t.same(await socket.next(), Uint8Array.of(1, 2));
  t.equal(await socket.next(), '{"jsonrpc":"2.0","id":1,"result":"done"}');
  socket.bufferedAmount = 99;
  t.equal(client?.backlogBytes, 99);
  socket.emit('close');
  t.equal(gone, 1);
});

t.test('a binary message is no request; an error of the socket ends it', async (t) => {
  const socket = new FakeSocket();
  serveRpc(socket, METHODS);
  socket.emit('message', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"nothing"}'), true);
  t.match(await socket.next(), /-32700/);
  socket.emit('error', new Error('reset'));
  t.ok(socket.terminated);
});
