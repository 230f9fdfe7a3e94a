import fc from 'fast-check';
import t from 'tap';
import {
  type ByteSource,
  formatReply,
  formatVersion4Reply,
  readCredentials,
  readMethods,
  readRequest,
  readVersion4Request,
  replyOf,
  SOCKS_REPLY,
} from '../../../orchestrator/proxy/socks-messages.js';

/** Bytes that are all there; their end is an error, as it is on a socket. */
class Bytes implements ByteSource {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(...bytes: (number | string | Uint8Array)[]) {
    this.bytes = Buffer.concat(
      bytes.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : Buffer.from(part as Uint8Array))),
    );
  }

  async take(length: number): Promise<Uint8Array> {
    if (this.at + length > this.bytes.length) throw new Error('the end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }
}

t.test('RFC 1928: methods, then the request', async (t) => {
  t.same([...(await readMethods(new Bytes(2, 0, 2)))], [0, 2]);
  await t.rejects(readMethods(new Bytes(0)));
  const port = [0x1f, 0x90];
  const connect = (host: string) => ({ kind: 'connect', host, port: 8080 });
  t.same(await readRequest(new Bytes(5, 1, 0, 1, 203, 0, 113, 80, ...port)), connect('203.0.113.80'));
  t.same(await readRequest(new Bytes(5, 1, 0, 3, 14, 'www.server.com', ...port)), connect('www.server.com'));
  const unsupported = (reply: number) => ({ kind: 'unsupported', reply });
  const ipv6 = new Bytes(5, 1, 0, 4, new Uint8Array(16), ...port);
  t.same(await readRequest(ipv6), unsupported(SOCKS_REPLY.addressTypeNotSupported));
  t.equal(ipv6.left, 0, 'read to its end, so that the reply is not lost in a reset');
  t.same(await readRequest(new Bytes(5, 1, 0, 9)), unsupported(SOCKS_REPLY.addressTypeNotSupported));
  t.same(await readRequest(new Bytes(5, 2, 0, 1, 0, 0, 0, 0, ...port)), unsupported(SOCKS_REPLY.commandNotSupported));
  t.same(await readRequest(new Bytes(5, 3, 0, 1, 0, 0, 0, 0, ...port)), unsupported(SOCKS_REPLY.commandNotSupported));
  await t.rejects(readRequest(new Bytes(4, 1, 0, 1, 1, 2, 3, 4, ...port)));
});

t.test('RFC 1929: a user and a password, in UTF-8', async (t) => {
  const source = new Bytes(1, 4, 'zoë', 4, '1234');
  t.same(await readCredentials(source), { user: 'zoë', password: '1234' });
  t.same(await readCredentials(new Bytes(1, 0, 0)), { user: '', password: '' });
  await t.rejects(readCredentials(new Bytes(5, 1, 'a', 1, 'b')));
});

t.test('SOCKS 4 and 4a', async (t) => {
  const connect = (host: string) => ({ kind: 'connect', host, port: 80 });
  t.same(await readVersion4Request(new Bytes(1, 0, 80, 10, 0, 0, 2, 'me', 0)), connect('10.0.0.2'));
  t.same(await readVersion4Request(new Bytes(1, 0, 80, 0, 0, 0, 1, 0, 'server', 0)), connect('server'));
  t.same(await readVersion4Request(new Bytes(1, 0, 80, 0, 0, 0, 0, 0)), connect('0.0.0.0'));
  t.match(await readVersion4Request(new Bytes(2, 0, 80, 10, 0, 0, 2, 0)), { kind: 'unsupported' });
  await t.rejects(readVersion4Request(new Bytes(1, 0, 80, 10, 0, 0, 2, 'x'.repeat(10_000), 0)), 'a user without end');
});

t.test('replies', (t) => {
  t.same([...formatReply(0, '192.0.2.1:40000')], [5, 0, 0, 1, 192, 0, 2, 1, 156, 64]);
  t.same([...formatReply(5)], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
  t.same([...formatVersion4Reply(true, '192.0.2.1:40000')], [0, 90, 156, 64, 192, 0, 2, 1]);
  t.same([...formatVersion4Reply(false)], [0, 91, 0, 0, 0, 0, 0, 0]);
  const codes = ['ENETUNREACH', 'ENOTFOUND', 'EHOSTUNREACH', 'ECONNREFUSED', 'ETIMEDOUT', 'EAFNOSUPPORT', 'EMFILE', ''];
  t.same(codes.map(replyOf), [3, 4, 4, 5, 6, 8, 1, 1]);
  t.end();
});

t.test('whatever comes ends in a request or an error, after a bounded number of bytes', async (t) => {
  const readers = [readMethods, readCredentials, readRequest, readVersion4Request];
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2000, size: 'max' }),
      fc.nat(readers.length - 1),
      async (bytes, which) => {
        const source = new Bytes(bytes);
        await readers[which](source).then(
          () => true,
          () => true,
        );
        return source.at <= 600;
      },
    ),
  );
  t.pass();
});
