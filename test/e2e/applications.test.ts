/** Web applications as a user meets them: the shipped topology, by http and https; one that cannot start. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { netarium, waitFor } from './netarium.js';

const net = netarium(t);

t.test('Express, Fastify, Hono and ws on one emulated host, and on no port of this computer', async (t) => {
  const lab = await net.up('apps', 'topologies/apps.yaml');
  const curl = async (...argv: string[]) => (await net.run('exec', 'client', '--', 'curl', '-s', ...argv)).stdout;
  t.match(await curl('http://shop.test/'), /0 orders; you came by http from 10\.0\.0\.1/);
  await curl('-d', 'name=zss', 'http://shop.test/orders');
  t.match(await curl('https://shop.test/'), /1 orders; you came by https from 10\.0\.0\.1/);
  t.equal(await curl('http://api.test/books/2'), '{"id":"2","title":"Night Train"}');
  t.equal(await curl('http://hono.test/'), 'Hello Hono!');
  t.equal(await curl('http://server:3000/'), 'Hello Hono!');
  t.match(await curl('http://echo.test/'), /^WebSocket: ws:\/\/echo\.test\/$/m);
  const real = request({ host: '127.0.0.1', port: 3000 }).end();
  const [refused] = await new Promise<unknown[]>((resolve) => {
    for (const event of ['error', 'response']) real.on(event, (...args) => resolve(args));
  });
  t.match(refused, { code: 'ECONNREFUSED' });

  const { stdout } = await net.run('logs', 'server', '--access');
  t.match(stdout, /^10\.0\.0\.1 - - \[[^\]]+\] "GET \/books\/2 HTTP\/1\.1" 200 32$/m);
  t.match(await net.run('logs', 'client', '--access'), { exitStatus: 1, stderr: /client has no access log/ });

  const folder = join(net.runDir, lab);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.sock')) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
    if (/\.(log|pem)$|^lab\.json$/.test(file)) {
      t.notMatch(readFileSync(join(folder, file), 'utf8'), /PRIVATE KEY/, `no key in ${file}`);
    }
  }
  t.equal(JSON.parse(readFileSync(join(folder, 'lab.json'), 'utf8')).authority, join(folder, 'authority.pem'));
});

t.test('what an application throws, or leaves to nobody, does not end its host', async (t) => {
  const folder = t.testdir({});
  writeFileSync(
    join(folder, 'clumsy.cjs'),
    `const http = require('node:http');
const dgram = require('node:dgram');
const { WebSocketServer } = require(${JSON.stringify(createRequire(import.meta.url).resolve('ws'))});
const faults = {
  '/later': () => setTimeout(() => { throw new Error('later'); }),
  '/text': () => setImmediate(() => { throw 'a text'; }),
  '/promise': () => Promise.reject(new Error('rejected')),
  '/dial': () => http.get('http://127.0.0.1:9/'),
  '/stream': (request) => request.pipe(require('node:zlib').createGunzip()),
  '/connect': () => require('node:events').once(require('node:net').connect(9), 'connect'),
  '/name': () => require('node:dns').promises.lookup('nobody.test'),
  '/datagram': () => dgram.createSocket('udp4').send('x', 9, '127.0.0.1'),
  '/frame': () => http.get({ host: '127.0.0.1', headers: { Host: 'clumsy.test', Connection: 'Upgrade', Upgrade: 'websocket',
      'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } })
    .on('upgrade', (answer, socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]))),
};
const server = http.createServer((request, response) => {
  faults[request.url]?.(request);
  response.end('still here');
});
new WebSocketServer({ server });
module.exports = server;
`,
  );
  const topology = 'devices:\n  a: {kind: host, sites: {clumsy.test: {app: clumsy.cjs}}}\n  b: host\nlinks: [a -- b]\n';
  writeFileSync(join(folder, 'clumsy.yaml'), topology);
  const lab = await net.up('clumsy-app', join(folder, 'clumsy.yaml'));
  const log = join(net.runDir, lab, 'a.log');
  const logged = () => readFileSync(log, 'utf8').match(/an application has failed: [^\n"]*/g) ?? [];
  const faults = [
    ['later', /failed: later/],
    ['text', /failed: a text/],
    ['promise', /failed: rejected/],
    ['dial', /failed: connect ECONNREFUSED 127\.0\.0\.1:9/],
    ['stream', /failed: incorrect header check/],
    ['connect', /failed: connect ECONNREFUSED 127\.0\.0\.1:9/],
    ['name', /failed: getaddrinfo (ENOTFOUND|EAI_AGAIN) nobody\.test/],
    ['datagram', /failed: send EACCES: a program of an emulated host opens nothing on this computer/],
    ['frame', /failed: Invalid WebSocket frame/],
  ] as const;
  for (const [index, [path, message]] of faults.entries()) {
    const curl = ['exec', '--lab', lab, 'b', '--', 'curl', '-s', '-d', 'zss', `http://clumsy.test/${path}`];
    t.match(await net.run(...curl), { exitStatus: 0, stdout: /still here/ }, path);
    await waitFor('the log', () => logged().length > index);
    t.match(logged()[index], message);
  }
});

t.test('an application that cannot start is told by up, and nothing is left', async (t) => {
  const folder = t.testdir({});
  writeFileSync(join(folder, 'bad.mjs'), 'export default no.such.thing;\n');
  const topology = 'devices:\n  a: {kind: host, sites: {x.test: {app: bad.mjs}}}\n  b: host\nlinks: [a -- b]\n';
  writeFileSync(join(folder, 'bad.yaml'), topology);
  const lab = net.labName('bad-app');
  const ran = await net.run('up', join(folder, 'bad.yaml'), '--name', lab);
  t.match(ran, { exitStatus: 1, stderr: /a: the application .*bad\.mjs does not start: no is not defined/ });
  t.notMatch(ran.stderr, /^\s+at /m);
  t.notOk(net.files().some((file) => file.startsWith(lab)));
});
