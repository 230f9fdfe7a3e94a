/** What TLS did on each connection: the messages as the frames show them, and what the two ends agreed on. */
import {
  TLS_APPLICATION_DATA,
  TLS_CHANGE_CIPHER_SPEC,
  TLS_HANDSHAKE,
  TLS_RECORD_HEADER_LENGTH,
  tlsAlert,
} from '../../devices/stack/wire/tls.js';
import {
  messagesOf,
  TLS_CLIENT_HELLO,
  TLS_HANDSHAKE_NAMES,
  TLS_SERVER_HELLO,
  type TlsHello,
} from '../../devices/stack/wire/tls-handshake.js';
import {
  isGrease,
  tlsAlertName,
  tlsCipherName,
  tlsGroupName,
  tlsVersionName,
} from '../../devices/stack/wire/tls-names.js';
import type { LabFrame } from '../capture/session.js';
import type { ConnectionReport, TlsMessageReport, TlsReport } from './report.js';
import type { Scene } from './scene.js';
import { Flow } from './tcp-story.js';
import { recordsSeen, type SeenRecord } from './tls-records.js';

const TLS_1_3 = 0x0304;
/** Level, description, the type that is hidden, and the 16 bytes that prove it. */
const ENCRYPTED_ALERT_LENGTH = 19;

/** Of the connections whose first bytes are a record of TLS. */
export function tlsStory(scene: Scene, connections: readonly ConnectionReport[]): TlsReport[] {
  return connections.flatMap(({ local, remote }) => {
    const flow = new Flow(scene, scene.client, local, remote);
    const sent = recordsSeen(flow.frames.filter((frame) => flow.fromClient(frame)));
    const received = recordsSeen(flow.frames.filter((frame) => !flow.fromClient(frame)));
    return sent.length === 0 ? [] : [tlsReport(scene, { local, remote }, sent, received)];
  });
}

function tlsReport(
  scene: Scene,
  { local, remote }: { local: string; remote: string },
  sent: readonly SeenRecord[],
  received: readonly SeenRecord[],
): TlsReport {
  const offer = helloIn(sent, TLS_CLIENT_HELLO);
  const choice = helloIn(received, TLS_SERVER_HELLO);
  const isSame = (end: { local: string; remote: string }) => end.local === local && end.remote === remote;
  const mine = ({ device, event }: { device: string; event: { local: string; remote: string } }) =>
    device === scene.client && isSame(event);
  const established = scene.traces('tls-established').find(mine)?.event;
  const refused = scene.traces('tls-refused').find(mine)?.event;
  const secure = scene.result.exchanges.find(
    (exchange) => exchange.local === local && exchange.remote === remote && exchange.secure !== undefined,
  )?.secure;
  const event = established ?? refused;
  const chosen = choice && (choice.versions[0] ?? choice.legacyVersion);
  return {
    local,
    remote,
    serverName: offer?.serverName ?? event?.serverName ?? '',
    offered: {
      versions: versionsOf(offer).filter(real).map(tlsVersionName),
      cipherSuites: (offer?.cipherSuites ?? []).filter(real).map(tlsCipherName),
      groups: (offer?.keyShares ?? []).filter(real).map(tlsGroupName),
      alpn: offer?.alpn ?? [],
    },
    protocol: event?.protocol ?? (chosen === undefined ? '' : tlsVersionName(chosen)),
    cipher: event?.cipher ?? (choice === undefined ? '' : tlsCipherName(choice.cipherSuites[0])),
    group: choice?.keyShares[0] === undefined ? '' : tlsGroupName(choice.keyShares[0]),
    alpn: event?.alpn ?? '',
    sessionReused: event?.sessionReused ?? false,
    ...(established && { establishedMs: scene.ms(established.at) }),
    ...(refused && { refusal: { atMs: scene.ms(refused.at), code: refused.code, message: refused.message } }),
    // A session that goes on does not show its certificate again.
    ...(secure?.subject && {
      certificate: {
        subject: secure.subject,
        issuer: secure.issuer,
        names: secure.names,
        validFrom: new Date(secure.validFrom).toISOString(),
        validTo: new Date(secure.validTo).toISOString(),
      },
    }),
    messages: handshake(scene, sent, received, chosen === TLS_1_3),
  };
}

/** A client before version 1.3 offers all up to one. */
function versionsOf(offer: TlsHello | undefined): readonly number[] {
  if (offer === undefined) return [];
  return offer.versions.length > 0 ? offer.versions : [offer.legacyVersion];
}

const real = (number: number): boolean => !isGrease(number);

function helloIn(records: readonly SeenRecord[], type: number): TlsHello | undefined {
  const messages = records.flatMap(messagesOf).filter((message) => message.type === type);
  // A request for another hello is no choice yet.
  return messages.findLast(({ hello }) => hello !== undefined && !hello.isRetryRequest)?.hello;
}

/** The messages up to the client's last one, in order of time. What follows is the application's. */
function handshake(
  scene: Scene,
  sent: readonly SeenRecord[],
  received: readonly SeenRecord[],
  isModern: boolean,
): TlsMessageReport[] {
  const mine = clientPart(sent, isModern);
  const finished = mine.at(-1);
  const isOver = finished?.contentType === TLS_APPLICATION_DATA;
  // In version 1.3 what a server encrypts before the client has finished is handshake, and its answer after that.
  const endAt = isModern && isOver ? finished.seenAt : Number.POSITIVE_INFINITY;
  const theirs = received.filter(({ contentType, seenAt }) => {
    return contentType === TLS_APPLICATION_DATA ? isModern && seenAt <= endAt : true;
  });
  return [...told(scene, mine, 'out'), ...told(scene, theirs, 'in')].sort((a, b) => a.atMs - b.atMs);
}

/**
 * Frames that have nothing but TLS's own messages in them: the client's part of the handshake and, in version 1.3, the
 * server's tickets, which follow it before all else.
 */
export function handshakeFrames(
  sent: readonly SeenRecord[],
  received: readonly SeenRecord[],
  tickets: number,
): Set<LabFrame> {
  const isModern = helloIn(received, TLS_SERVER_HELLO)?.versions[0] === TLS_1_3;
  const own = clientPart(sent, isModern);
  const finishedAt = own.at(-1)?.seenAt ?? Number.POSITIVE_INFINITY;
  const given = received.findIndex(
    ({ contentType, seenAt }) => contentType === TLS_APPLICATION_DATA && seenAt > finishedAt,
  );
  const theirs = isModern && given >= 0 ? received.slice(given, given + tickets) : [];
  const others = [...sent.slice(own.length), ...received.filter((record) => !theirs.includes(record))];
  const busy = new Set(others.flatMap(({ frames }) => frames));
  return new Set([...own, ...theirs].flatMap(({ frames }) => frames).filter((frame) => !busy.has(frame)));
}

/** In version 1.3 the first record that pretends to be application data is Finished; before, application data is what it says. */
function clientPart(records: readonly SeenRecord[], isModern: boolean): readonly SeenRecord[] {
  const first = records.findIndex(({ contentType }) => contentType === TLS_APPLICATION_DATA);
  if (first < 0) return records;
  return records.slice(0, isModern ? first + 1 : first);
}

/** A line for each message; encrypted records that follow each other in one line. */
function told(scene: Scene, records: readonly SeenRecord[], direction: 'in' | 'out'): TlsMessageReport[] {
  const lines: TlsMessageReport[] = [];
  for (const record of records) {
    const base = {
      atMs: scene.ms(record.seenAt),
      direction,
      bytes: TLS_RECORD_HEADER_LENGTH + record.length,
      frames: record.frames.map(({ n }) => n),
    };
    const names = namesOf(record);
    const last = lines.at(-1);
    if (names.length > 0) for (const name of names) lines.push({ ...base, name, encrypted: false });
    else if (last?.encrypted) lines[lines.length - 1] = joined(last, base);
    else lines.push({ ...base, name: encryptedName(record, direction), encrypted: true });
  }
  return lines;
}

/** Finished is as long as a hash; only an alert is as short as this (RFC 8446 section 6). */
function encryptedName({ length }: SeenRecord, direction: 'in' | 'out'): string {
  if (length === ENCRYPTED_ALERT_LENGTH) return 'Alert';
  return direction === 'out' ? 'Finished' : 'rest of the handshake';
}

function joined(last: TlsMessageReport, next: Omit<TlsMessageReport, 'name' | 'encrypted'>): TlsMessageReport {
  const frames = [...new Set([...last.frames, ...next.frames])];
  return { ...last, atMs: Math.max(last.atMs, next.atMs), bytes: last.bytes + next.bytes, frames };
}

/** Of what can be read; empty for what is encrypted. */
function namesOf(record: SeenRecord): string[] {
  const alert = tlsAlert(record);
  if (alert !== undefined) return [`Alert: ${tlsAlertName(alert.code)}`];
  if (record.contentType === TLS_CHANGE_CIPHER_SPEC) return ['Change Cipher Spec'];
  if (record.contentType !== TLS_HANDSHAKE) return [];
  return messagesOf(record).map(({ type, hello }) => {
    return hello?.isRetryRequest ? 'Hello Retry Request' : TLS_HANDSHAKE_NAMES[type];
  });
}
