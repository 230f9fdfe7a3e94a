/** One request opened into its layers, byte by byte: HTTP in TCP in IP in Ethernet in preamble, SFD and FCS. */
import { readU16 } from '../../devices/stack/wire/bytes.js';
import { ETHERNET_HEADER_LENGTH, FRAME_OFFSET } from '../../devices/stack/wire/ethernet.js';
import { FCS_LENGTH } from '../../devices/stack/wire/fcs.js';
import { isMalformed } from '../../devices/stack/wire/malformed.js';
import { parseTlsRecords, TLS_RECORD_HEADER_LENGTH, tlsContentName } from '../../devices/stack/wire/tls.js';
import { tlsVersionName } from '../../devices/stack/wire/tls-names.js';
import { type Paint, visible } from '../terminal.js';
import { ethernetFields, type Field, field, ipFields, type LayerFields, tcpFields } from './header-fields.js';
import { toldExchange } from './http-story.js';
import type { ExchangeReport, FetchReport } from './report.js';
import type { Scene } from './scene.js';

const BYTES_A_LINE = 16;
const HEX_WIDTH = BYTES_A_LINE * 3;

function printable(bytes: Uint8Array): string {
  return [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Offset, bytes, name and meaning; long fields go on in further lines with their text. */
function fieldLines(packet: Uint8Array, { name, start, length, meaning }: Field, paint: Paint): string[] {
  const lines: string[] = [];
  for (let at = start; at < start + length; at += BYTES_A_LINE) {
    const bytes = packet.subarray(at, Math.min(at + BYTES_A_LINE, start + length));
    const offset = paint('dim', at.toString(16).padStart(4, '0'));
    const note = at === start ? `${paint('cyan', name.padEnd(17))} ${meaning}` : '';
    lines.push(`  ${offset}  ${hex(bytes).padEnd(HEX_WIDTH)} ${note}`.trimEnd());
  }
  return lines;
}

function dataLines(packet: Uint8Array, start: number, end: number, paint: Paint): string[] {
  const lines: string[] = [];
  for (let at = start; at < end; at += BYTES_A_LINE) {
    const bytes = packet.subarray(at, Math.min(at + BYTES_A_LINE, end));
    lines.push(
      `  ${paint('dim', at.toString(16).padStart(4, '0'))}  ${hex(bytes).padEnd(HEX_WIDTH)} ${printable(bytes)}`,
    );
  }
  return lines;
}

function dataPart(packet: Uint8Array, start: number, end: number, exchange: ExchangeReport, paint: Paint): string[] {
  if (!exchange.encrypted) {
    return [paint('bold', `HTTP (RFC 9110): ${end - start} bytes`), ...dataLines(packet, start, end, paint)];
  }
  const records = parseTlsRecords(packet.subarray(start, end));
  const lines = [paint('bold', `TLS (RFC 8446): ${end - start} bytes`)];
  for (const record of isMalformed(records) ? [] : records) {
    const at = start + record.at;
    const dataAt = at + TLS_RECORD_HEADER_LENGTH;
    const fields = [
      field('content type', at, 1, tlsContentName(record.contentType)),
      field(
        'version',
        at + 1,
        2,
        `${tlsVersionName(record.version)}: version 1.3 says 1.2 here, for what stands in between`,
      ),
      field('length', at + 3, 2, `${record.length} bytes of data and of proof that nobody has changed them`),
    ];
    lines.push(
      ...fields.flatMap((one) => fieldLines(packet, one, paint)),
      ...dataLines(packet, dataAt, dataAt + record.fragment.length, paint),
    );
  }
  // The segment goes on with a record that began before it.
  if (isMalformed(records)) lines.push(...dataLines(packet, start, end, paint));
  return [...lines, ...insideLines(exchange, paint)];
}

/** The wires do not show it. */
function insideLines({ protocol, requestHead }: ExchangeReport, paint: Paint): string[] {
  const form = protocol === 'HTTP/2' ? ', in the binary and compressed form of HTTP/2' : '';
  return [
    paint('dim', `  Encrypted: the two ends can read it, and no one between. The browser says that it is this${form}:`),
    ...requestHead
      .trimEnd()
      .split('\r\n')
      .map((line) => `  ${line}`),
  ];
}

/** The first segment of the document's request, as it left the client. */
export function renderExplanation(report: FetchReport, scene: Scene, paint: Paint): string {
  const exchange = toldExchange(report.exchanges, report.resources[0]?.url);
  const number = exchange?.requestSegments[0]?.frame;
  const frame = scene.capture.frames.find(({ n }) => n === number);
  const { packet, layers } = frame ?? {};
  if (exchange === undefined || frame === undefined || packet === undefined || layers?.ethernet === undefined) {
    return 'No request left the host: there is nothing to open.';
  }
  const ipAt = FRAME_OFFSET + ETHERNET_HEADER_LENGTH;
  const tcpAt = ipAt + (packet[ipAt] & 15) * 4;
  const dataAt = tcpAt + (packet[tcpAt + 12] >>> 4) * 4;
  const dataEnd = ipAt + readU16(packet, ipAt + 2);
  const fcsAt = packet.length - FCS_LENGTH;
  const parts: LayerFields[] = [
    ...ethernetFields(packet, scene, layers.ethernet.dst, layers.ethernet.src),
    ipFields(packet, ipAt, scene),
    tcpFields(packet, tcpAt),
  ];
  const lines = [paint('bold', `Frame #${frame.n}, ${packet.length} bytes, leaving ${frame.device} by ${frame.port}`)];
  for (const { title, fields } of parts) {
    lines.push(paint('bold', title), ...fields.flatMap((one) => fieldLines(packet, one, paint)));
  }
  lines.push(...dataPart(packet, dataAt, dataEnd, visible(exchange), paint));
  const trailer = [field('FCS', fcsAt, FCS_LENGTH, 'CRC-32 over the frame: the receiver drops it when this differs')];
  if (dataEnd < fcsAt) trailer.unshift(field('padding', dataEnd, fcsAt - dataEnd, 'up to the shortest frame'));
  lines.push(paint('bold', 'Ethernet trailer'), ...trailer.flatMap((one) => fieldLines(packet, one, paint)));
  return lines.join('\n');
}
