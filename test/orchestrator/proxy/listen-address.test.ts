import t from 'tap';
import { formatAddress, isLoopback, listenAt, parseListenAddress } from '../../../orchestrator/proxy/listen-address.js';

t.test('an address and a port', (t) => {
  t.same(parseListenAddress('127.0.0.1:1080'), { host: '127.0.0.1', port: 1080 });
  t.same(parseListenAddress('[::1]:0'), { host: '::1', port: 0 });
  t.equal(formatAddress({ host: '::1', port: 80 }), '[::1]:80');
  for (const wrong of [
    '1080',
    ':1080',
    'localhost:1080',
    '127.0.0.1',
    '127.0.0.1:70000',
    '::1:80',
    '[127.0.0.1]:80',
    '1.2.3:4',
  ])
    t.throws(() => parseListenAddress(wrong), { message: /is not an address and a port/ }, wrong);
  t.end();
});

t.test('what other machines can reach', (t) => {
  for (const own of ['127.0.0.1', '127.1.2.3', '::1']) t.ok(isLoopback(own), own);
  for (const other of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '2001:db8::1']) t.notOk(isLoopback(other), other);
  t.end();
});

t.test('a busy port gives way to the next ones, unless it was asked for', async (t) => {
  const busy = [1080, 1081];
  const listen = async (_host: string, port: number) => {
    if (busy.includes(port)) throw Object.assign(new Error(), { code: 'EADDRINUSE' });
    return port;
  };
  const address = { host: '127.0.0.1', port: 1080 };
  t.equal(await listenAt(address, 2, listen), 1082);
  await t.rejects(listenAt(address, 1, listen), { message: '127.0.0.1:1080 is in use' });
  const refuse = (code: string) => () => Promise.reject(Object.assign(new Error('the system says'), { code }));
  await t.rejects(listenAt(address, 0, refuse('EACCES')), { message: /privileges/ });
  await t.rejects(listenAt(address, 0, refuse('EADDRNOTAVAIL')), { message: /does not have this address/ });
  await t.rejects(listenAt(address, 0, refuse('EMFILE')), { message: 'the system says' });
});
