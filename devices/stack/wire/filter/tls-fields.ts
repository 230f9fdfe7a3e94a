/** Fields of TLS: what its records and the hello messages say in the clear, in segments that begin with a record. */

import { isMalformed } from '../malformed.js';
import { parseTlsRecords, TLS_APPLICATION_DATA, TLS_CHANGE_CIPHER_SPEC, type TlsRecord, tlsAlert } from '../tls.js';
import { messagesOf, TLS_HANDSHAKE_NAMES, type TlsHello, type TlsMessage } from '../tls-handshake.js';
import { type Field, FieldMaker, type Value } from './field.js';
import type { Layer, PacketView } from './packet-view.js';

const tls = new FieldMaker('tls');

interface Content {
  readonly records: readonly TlsRecord[];
  readonly messages: readonly TlsMessage[];
}

/** Read once a packet. */
function contentOf(view: PacketView, layer: Layer): Content {
  layer.parsed ??= readContent(view.bytes.subarray(layer.at, layer.end));
  return layer.parsed as Content;
}

function readContent(bytes: Uint8Array): Content {
  const records = parseTlsRecords(bytes);
  return isMalformed(records)
    ? { records: [], messages: [] }
    : { records, messages: records.flatMap((record) => [...messagesOf(record)]) };
}

/** Makes fields that some of the items in a packet may have, each with a value of its own. */
function perItem<Item>(itemsOf: (content: Content) => readonly Item[]) {
  return (
    name: string,
    type: Field['type'],
    description: string,
    value: (item: Item) => Value | undefined,
    valueNames?: Field['valueNames'],
  ): Field =>
    tls.read(
      name,
      type,
      description,
      (view, layer, test) =>
        itemsOf(contentOf(view, layer)).some((item) => {
          const found = value(item);
          return found !== undefined && test(found);
        }),
      valueNames,
    );
}

const perRecord = perItem(({ records }) => records);
const perMessage = perItem(({ messages }) => messages);

function perHello(
  name: string,
  type: Field['type'],
  description: string,
  values: (hello: TlsHello) => readonly Value[],
): Field {
  return tls.read(name, type, description, (view, layer, test) =>
    contentOf(view, layer).messages.some(({ hello }) => hello !== undefined && values(hello).some(test)),
  );
}

const byName = (names: Readonly<Record<number, string>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(names).map(([number, name]) => [name, Number(number)]));

const CONTENT_TYPES = { 'Change Cipher Spec': 20, Alert: 21, Handshake: 22, 'Application Data': 23 };

export const TLS_FIELDS: readonly Field[] = [
  tls.layer('Transport Layer Security, in segments that begin with one of its records'),
  perRecord(
    'tls.record.content_type',
    'uint8',
    'what is in the record: 20 to 23',
    (record) => record.contentType,
    CONTENT_TYPES,
  ),
  perRecord('tls.record.version', 'uint16', 'version in the record', (record) => record.version),
  perRecord('tls.record.length', 'uint16', 'bytes in the record', (record) => record.length),
  perRecord('tls.change_cipher_spec', 'none', 'from here on it is encrypted (before version 1.3)', (record) =>
    record.contentType === TLS_CHANGE_CIPHER_SPEC ? 1 : undefined,
  ),
  perRecord('tls.app_data', 'bytes', 'what is encrypted', ({ contentType, fragment }) =>
    contentType === TLS_APPLICATION_DATA ? fragment : undefined,
  ),
  perRecord('tls.alert_message.level', 'uint8', 'warning (1) or fatal (2)', (record) => tlsAlert(record)?.level, {
    Warning: 1,
    Fatal: 2,
  }),
  perRecord('tls.alert_message.desc', 'uint8', 'why, as a number', (record) => tlsAlert(record)?.code),
  perMessage('tls.handshake', 'none', 'a message of the handshake', () => 1),
  perMessage('tls.handshake.type', 'uint8', 'which message', ({ type }) => type, byName(TLS_HANDSHAKE_NAMES)),
  perMessage('tls.handshake.length', 'uint32', 'bytes in the message', ({ length }) => length),
  perHello('tls.handshake.version', 'uint16', 'version in a hello; 1.3 says 0x0303 here', (hello) => [
    hello.legacyVersion,
  ]),
  perHello('tls.handshake.random', 'bytes', 'random value of a hello', ({ random }) => [random]),
  perHello('tls.handshake.session_id_length', 'uint8', 'length of the session id', ({ sessionId }) => [
    sessionId.length,
  ]),
  perHello('tls.handshake.session_id', 'bytes', 'session id', ({ sessionId }) =>
    sessionId.length === 0 ? [] : [sessionId],
  ),
  perHello(
    'tls.handshake.ciphersuite',
    'uint16',
    'a cipher suite that is offered or chosen',
    (hello) => hello.cipherSuites,
  ),
  perHello('tls.handshake.extension.type', 'uint16', 'extensions', ({ extensions }) => extensions),
  perHello('tls.handshake.extensions_server_name', 'string', 'the server that is meant', ({ serverName }) =>
    serverName === '' ? [] : [serverName],
  ),
  perHello(
    'tls.handshake.extensions_alpn_str',
    'string',
    'protocols of the application: h2, http/1.1',
    ({ alpn }) => alpn,
  ),
  perHello(
    'tls.handshake.extensions.supported_version',
    'uint16',
    'versions: 0x0304 is 1.3',
    (hello) => hello.versions,
  ),
  perHello(
    'tls.handshake.extensions_key_share_group',
    'uint16',
    'groups of the key shares',
    (hello) => hello.keyShares,
  ),
];
