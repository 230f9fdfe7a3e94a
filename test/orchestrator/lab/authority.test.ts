/** The lab's certificates, judged by OpenSSL as Node has it. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import type { CertificateConfig } from '../../../devices/control/config.js';
import { Authority } from '../../../orchestrator/lab/authority/authority.js';
import { issueCertificates, validFrom } from '../../../orchestrator/lab/authority/certificates.js';
import { parseTopology } from '../../../orchestrator/topology/index.js';
import { B_ADDRESS, RealTimePair } from '../../support/real-time-pair.js';

const NOW = Date.now();
const SHOP = { names: ['www.server.com', 'server.com'], addresses: ['203.0.113.80'] };

t.test('a certificate says who it is for, and the authority has signed it', async (t) => {
  const authority = await Authority.create('The authority of the lab x', SHOP, validFrom(NOW));
  const root = new X509Certificate(authority.certificate);
  t.ok(root.ca);
  t.ok(root.verify(root.publicKey));
  const { chain, key, names } = await authority.issue(SHOP);
  t.same(names, ['www.server.com', 'server.com', '203.0.113.80']);
  const leaf = new X509Certificate(chain);
  t.equal(leaf.ca, false);
  t.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey));
  t.ok(leaf.checkPrivateKey(createPrivateKey(key)));
  t.equal(leaf.subjectAltName, 'DNS:www.server.com, DNS:server.com, IP Address:203.0.113.80');
  t.equal(leaf.subject, 'O=Netarium\nCN=www.server.com');
  t.equal(leaf.issuer, root.subject);
  t.same(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers alone');
  t.ok(Date.parse(leaf.validFrom) < NOW && NOW < Date.parse(leaf.validTo));
  t.not(new X509Certificate((await authority.issue(SHOP)).chain).serialNumber, leaf.serialNumber);
});

t.test('whole seconds, in the form that belongs to the year; serial numbers of 16 bytes, positive', async (t) => {
  const validity = { notBefore: Date.UTC(2049, 11, 31, 23, 59, 59, 999), notAfter: Date.UTC(2050, 0, 1) };
  const authority = await Authority.create('x', SHOP, validity);
  for (const pem of [authority.certificate, (await authority.issue(SHOP)).chain]) {
    const { raw, validFrom, validTo, serialNumber } = new X509Certificate(pem);
    t.equal(validFrom, 'Dec 31 23:59:59 2049 GMT');
    t.equal(validTo, 'Jan  1 00:00:00 2050 GMT');
    t.ok(raw.includes('\x17\x0d491231235959Z'), 'UTCTime up to 2049');
    t.ok(raw.includes('\x18\x0f20500101000000Z'), 'GeneralizedTime from then on');
    t.match(serialNumber, /^[4-7][0-9A-F]{31}$/);
  }
});

t.test('what the keys are for: the extensions as RFC 5280 writes them', async (t) => {
  const authority = await Authority.create('x', SHOP, validFrom(NOW));
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate((await authority.issue(SHOP)).chain);
  const has = ({ raw }: X509Certificate, hex: string) => raw.includes(Buffer.from(hex, 'hex'));
  t.ok(has(root, '0603551d130101ff040830060101ff020100'), 'an authority, of no other authorities; critical');
  t.ok(has(root, '0603551d0f0101ff040403020204'), 'signs certificates alone; critical');
  t.same(root.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'those of servers alone');
  t.ok(has(leaf, '0603551d130101ff04023000'), 'no authority; critical');
  t.ok(has(leaf, '0603551d0f0101ff040403020780'), 'signs handshakes alone; critical');
  const { x, y } = root.publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')]);
  const identifier = createHash('sha1').update(point).digest('hex');
  t.ok(has(root, `0603551d0e04160414${identifier}`), 'the SHA-1 of its key');
  t.ok(has(leaf, `0603551d23041830168014${identifier}`), 'is what its certificates name');
});

/** What OpenSSL says of a certificate for `name`, when `authority` is trusted. */
async function judge(authority: string, { chain, key }: CertificateConfig, name: string): Promise<string> {
  const pair = new RealTimePair();
  const listener = pair.b.createServer({ allowHalfOpen: true }, (socket) => {
    new tls.TLSSocket(socket, { isServer: true, cert: chain, key }).on('error', () => {});
  });
  listener.listen(443);
  await once(listener, 'listening');
  const socket = pair.a.connect({ host: B_ADDRESS, port: 443 });
  const client = tls.connect({ socket, ca: authority, host: name });
  const verdict = await new Promise<string>((resolve) => {
    client.on('secureConnect', () => resolve('trusted'));
    client.on('error', (error: Error & { code?: string }) => resolve(`${error.code} ${error.message}`));
  });
  pair.close();
  return verdict;
}

t.test('what it vouches for is trusted; it cannot vouch for anybody else', async (t) => {
  const authority = await Authority.create('The authority of the lab x', SHOP, validFrom(NOW));
  const root = authority.certificate;
  const own = await authority.issue(SHOP);
  for (const name of ['www.server.com', 'server.com', '203.0.113.80'])
    t.equal(await judge(root, own, name), 'trusted', name);
  t.match(await judge(root, own, 'img.server.com'), /^ERR_TLS_CERT_ALTNAME_INVALID/);
  const bank = await authority.issue({ names: ['bank.example'], addresses: [] });
  t.match(await judge(root, bank, 'bank.example'), /permitted subtree violation/i);
  const elsewhere = await authority.issue({ names: [], addresses: ['192.0.2.1'] });
  t.match(await judge(root, elsewhere, '192.0.2.1'), /permitted subtree violation/i);
  const nameless = await Authority.create('x', { names: ['a.b'], addresses: [] }, validFrom(NOW));
  const address = await nameless.issue({ names: [], addresses: ['192.0.2.1'] });
  t.match(await judge(nameless.certificate, address, '192.0.2.1'), /excluded subtree violation/i);
  const stranger = await Authority.create('The authority of the lab x', SHOP, validFrom(NOW));
  t.match(
    await judge(stranger.certificate, own, 'www.server.com'),
    /^UNABLE_TO_VERIFY|SIGNATURE_FAILURE|UNABLE_TO_GET/,
  );
});

t.test('names of every length', async () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,60}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
      async (name) => {
        const names = { names: [name], addresses: [] };
        const authority = await Authority.create(name, names, validFrom(NOW));
        const leaf = new X509Certificate((await authority.issue(names)).chain);
        return leaf.checkHost(name) === name && leaf.verify(new X509Certificate(authority.certificate).publicKey);
      },
    ),
    { numRuns: 30 },
  );
});

t.test('a topology: one certificate a site, the first one also for the host itself', async (t) => {
  const topology = parseTopology(
    `devices:
  web: {kind: host, address: 10.0.0.1/24, sites: {www.a.test: {echo: /, aliases: [a.test]}, old.a.test: {echo: /, https: off}, img.a.test: {echo: /}}}
  plain: {kind: host, address: 10.0.0.2/24, sites: {b.test: {echo: /, https: off}}}
links: [web -- plain]
`,
    'x.yaml',
  );
  const issued = await issueCertificates(topology, 'x', validFrom(NOW));
  t.same([...(issued?.certificates.keys() ?? [])], ['web']);
  t.same(
    issued?.certificates.get('web')?.map(({ names }) => names),
    [['www.a.test', 'a.test', 'web', '10.0.0.1'], ['img.a.test']],
  );
  const plain = parseTopology('devices: {a: host, b: host}\nlinks: [a -- b]\n', 'x.yaml');
  t.equal(await issueCertificates(plain, 'x', validFrom(NOW)), undefined, 'no https, no authority');
});
