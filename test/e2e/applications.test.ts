/** Web applications as a user meets them: the shipped topology, by http and https; one that cannot start. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { netarium } from './netarium.js';

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
