/** A DNS message as one line, for traces and `capture`. */
import {
  type DnsMessage,
  isReferral,
  OPCODE_QUERY,
  OPCODE_UPDATE,
  opcodeName,
  RCODE_NOERROR,
  rcodeName,
} from './dns.js';
import { formatRecordData } from './dns-record-text.js';

/** `DNS 4711 NOTIFY server.com serial 7`, `DNS 4711 UPDATE server.com: 2 changes`, `DNS 4711 UPDATE REFUSED server.com`. */
function formatOther(head: string, message: DnsMessage): string {
  const zone = message.questions.map(({ name }) => name).join(', ');
  if (message.response) return `${head} ${rcodeName(message.rcode)} ${zone}`;
  if (message.opcode === OPCODE_UPDATE) {
    const conditions = message.answers.length === 0 ? '' : ` if ${message.answers.length} hold`;
    return `${head} ${zone}: ${message.authorities.length} changes${conditions}`;
  }
  const soa = message.answers.find((record) => record.type === 'SOA');
  return `${head} ${zone}${soa?.type === 'SOA' ? ` serial ${soa.serial}` : ''}`;
}

/** `DNS 4711 query A www.server.com`, `DNS 4711 answer A www.server.com 192.0.2.1`, `DNS 4711 referral … com NS …`. */
export function formatDns(message: DnsMessage): string {
  const asked = message.questions.map((question) => `${question.type} ${question.name}`).join(', ');
  const head = `DNS ${message.id}${message.opcode === OPCODE_QUERY ? '' : ` ${opcodeName(message.opcode)}`}`;
  if (message.opcode !== OPCODE_QUERY) return formatOther(head, message);
  if (!message.response) return `${head} query ${asked}${message.recursionDesired ? '' : ' (not recursive)'}`;
  const notes = `${message.authoritative ? ' (authoritative)' : ''}${message.truncated ? ' (truncated)' : ''}`;
  if (message.rcode !== RCODE_NOERROR) return `${head} ${rcodeName(message.rcode)} ${asked}${notes}`;
  if (isReferral(message)) {
    const servers = message.authorities.filter((record) => record.type === 'NS');
    return `${head} referral ${asked}: ask ${servers[0].name} at ${servers.map(formatRecordData).join(' ')}${notes}`;
  }
  if (message.answers.length === 0) return `${head} ${message.truncated ? 'answer' : 'no data'} ${asked}${notes}`;
  const answers = message.answers.map((record) =>
    record.type === 'A' || record.type === 'AAAA'
      ? formatRecordData(record)
      : `${record.type} ${formatRecordData(record)}`,
  );
  return `${head} answer ${asked}: ${answers.join(' ')}${notes}`;
}
