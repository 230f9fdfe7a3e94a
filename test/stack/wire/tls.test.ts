/** Node's own TLS speaks; what passes in the clear is read. */
import fc from 'fast-check';
import t from 'tap';
import { fromHex } from '../../../devices/stack/wire/bytes.js';
import { isMalformed } from '../../../devices/stack/wire/malformed.js';
import {
  parseTlsRecords,
  startsTlsRecord,
  TLS_APPLICATION_DATA,
  TLS_CHANGE_CIPHER_SPEC,
  TLS_HANDSHAKE,
  type TlsRecord,
  tlsAlert,
  tlsContentName,
} from '../../../devices/stack/wire/tls.js';
import {
  messagesOf,
  parseTlsClientHello,
  parseTlsMessages,
  parseTlsServerHello,
  TLS_HANDSHAKE_NAMES,
  type TlsHello,
} from '../../../devices/stack/wire/tls-handshake.js';
import {
  isGrease,
  tlsAlertName,
  tlsCipherName,
  tlsGroupName,
  tlsVersionName,
} from '../../../devices/stack/wire/tls-names.js';
import { tlsConversation } from '../../support/tls-conversation.js';

function recordsOf(bytes: Uint8Array): readonly TlsRecord[] {
  const records = parseTlsRecords(bytes);
  if (isMalformed(records)) throw new Error(records.malformed);
  return records;
}

function namesIn(bytes: Uint8Array): string[] {
  return recordsOf(bytes).map((record) => {
    const names = messagesOf(record).map(({ type }) => TLS_HANDSHAKE_NAMES[type]);
    return names.length === 0 ? tlsContentName(record.contentType) : names.join(' + ');
  });
}

function helloIn(bytes: Uint8Array): TlsHello {
  const hello = recordsOf(bytes).flatMap(messagesOf)[0]?.hello;
  if (hello === undefined) throw new Error('no hello');
  return hello;
}

t.test('version 1.3: the hellos are in the clear, all else is application data', async (t) => {
  const { flights } = await tlsConversation('h2');
  const [client, server] = flights.map(({ bytes }) => bytes);
  t.same(namesIn(client), ['Client Hello']);
  t.same(namesIn(server).slice(0, 3), ['Server Hello', 'change cipher spec', 'application data']);
  const offer = helloIn(client);
  t.match(offer, { serverName: 'www.server.com', alpn: ['h2'], legacyVersion: 0x303, isRetryRequest: false });
  t.same(offer.versions.map(tlsVersionName), ['TLSv1.3', 'TLSv1.2']);
  t.ok(offer.cipherSuites.map(tlsCipherName).includes('TLS_AES_256_GCM_SHA384'));
  t.equal(offer.random.length, 32);
  const choice = helloIn(server);
  t.same(choice.versions.map(tlsVersionName), ['TLSv1.3']);
  t.same(choice.cipherSuites.map(tlsCipherName), ['TLS_AES_256_GCM_SHA384']);
  t.match(choice.keyShares.map(tlsGroupName), [/25519|secp256r1/i]);
  t.same(choice.alpn, [], 'the protocol is agreed on in secret');
  t.notOk(choice.hasPreSharedKey);
});

t.test('version 1.2: the certificate passes in the clear, the last message does not', async (t) => {
  const { flights } = await tlsConversation('http/1.1', 'TLSv1.2');
  const [hello, answer, rest] = flights.map(({ bytes }) => bytes);
  t.same(namesIn(hello), ['Client Hello']);
  t.same(namesIn(answer), ['Server Hello', 'Certificate', 'Server Key Exchange', 'Server Hello Done']);
  t.same(namesIn(rest), ['Client Key Exchange', 'change cipher spec', 'handshake'], 'Finished is encrypted');
  t.match(helloIn(answer), { alpn: ['http/1.1'], versions: [], legacyVersion: 0x303 });
});

t.test('golden: records behind each other, the last cut short', async (t) => {
  const bytes = fromHex('140303000101 15030300020100 1703030005aabb');
  t.match(recordsOf(bytes), [
    { contentType: TLS_CHANGE_CIPHER_SPEC, at: 0, length: 1 },
    { contentType: 21, at: 6, length: 2 },
    { contentType: TLS_APPLICATION_DATA, version: 0x303, at: 13, length: 5, fragment: fromHex('aabb') },
  ]);
  const [, alert, data] = recordsOf(bytes);
  t.same(tlsAlert(alert), { level: 1, code: 0 });
  t.equal(tlsAlertName(0), 'close notify');
  t.equal(tlsAlert(data), undefined);
  for (const other of ['474554202f20', '1703030000', '17030548011', '160303ffff', '1603']) {
    t.notOk(startsTlsRecord(fromHex(other.slice(0, other.length & ~1))), other);
  }
  t.ok(isMalformed(parseTlsRecords(fromHex('474554202f'))));
});

t.test('golden: a server that asks for another hello', async (t) => {
  const retry = `0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00
                 000c 002b 0002 0304  0033 0002 001d`;
  t.match(parseTlsServerHello(fromHex(retry)), {
    isRetryRequest: true,
    versions: [0x304],
    keyShares: [29],
    cipherSuites: [0x1301],
    extensions: [43, 51],
  });
});

t.test('golden: a hello without extensions; one whose vectors lie', async (t) => {
  const random = '00'.repeat(32);
  t.match(parseTlsClientHello(fromHex(`0301 ${random} 00 0002 002f 0100`)), { extensions: [], cipherSuites: [0x2f] });
  for (const lie of [
    `0301 ${random} 21 0002`,
    `0301 ${random} 00 0003 002f 00`,
    `0301 ${random} 00 0002 002f 0100 0009`,
  ]) {
    t.ok(isMalformed(parseTlsClientHello(fromHex(lie))), lie);
  }
  t.ok(isMalformed(parseTlsMessages(fromHex('ff000000'))));
});

t.test('numbers that mean nothing on purpose, and those without a name', async (t) => {
  t.same([0x0a0a, 0xfafa, 0x1301, 0x0a1a].map(isGrease), [true, true, false, false]);
  t.same([tlsCipherName(0x1234), tlsVersionName(0x7f1c), tlsGroupName(9)], ['0x1234', '0x7f1c', '0x0009']);
  t.equal(tlsAlertName(99), 'alert 99');
});

t.test('random bytes do not pass for a message of the handshake', async () => {
  const body = fc.uint8Array({ minLength: 40, maxLength: 400 });
  fc.assert(
    fc.property(body, (fragment) => {
      const record = { contentType: TLS_HANDSHAKE, version: 0x303, at: 0, length: fragment.length, fragment };
      for (const { type, length, at } of messagesOf(record)) {
        if (TLS_HANDSHAKE_NAMES[type] === undefined || at + 4 + length > fragment.length)
          throw new Error('does not fit');
      }
    }),
    { numRuns: 2000 },
  );
});
