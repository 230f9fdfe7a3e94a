/** A question as it goes over the wire, and whether what comes back answers it (RFC 5452 section 9). */
import type { Random } from '../stack/random.js';
import {
  DNS_HEADER_LENGTH,
  type DnsMessage,
  emitDns,
  OPCODE_UPDATE,
  parseDns,
  RCODE_FORMERR,
  RCODE_NOTIMP,
  RCODE_REFUSED,
  RCODE_SERVFAIL,
} from '../stack/wire/dns.js';
import { sameName } from '../stack/wire/dns-name.js';
import { isMalformed } from '../stack/wire/malformed.js';

export type DnsVerdict =
  /** `keepsCase`: the question came back letter by letter. */
  | { readonly kind: 'answer'; readonly message: DnsMessage; readonly bytes: number; readonly keepsCase: boolean }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'mismatched' };

export class OutgoingQuery {
  readonly message: DnsMessage;
  readonly bytes: Uint8Array;
  /** The question section as it is sent, and as it was meant. */
  private readonly sentQuestion: Uint8Array;
  private readonly plainQuestion: Uint8Array;

  /**
   * With `mixedCase` each letter of the name is sent large or small by chance: one more bit a letter that a forger of
   * answers has to guess (draft-vixie-dnsext-dns0x20). What is read from the answer has the letters as they were meant.
   */
  constructor(message: DnsMessage, mixedCase?: Random) {
    this.message = message;
    this.plainQuestion = questionSection(message);
    if (mixedCase === undefined) {
      this.sentQuestion = this.plainQuestion;
      this.bytes = emitDns(message);
      return;
    }
    const questions = message.questions.map((question) => ({ ...question, name: mixed(question.name, mixedCase) }));
    const sent = { ...message, questions };
    this.sentQuestion = questionSection(sent);
    this.bytes = emitDns(sent);
  }

  judge(bytes: Uint8Array): DnsVerdict {
    const keepsCase = isAt(bytes, this.sentQuestion, DNS_HEADER_LENGTH);
    const message = parseDns(keepsCase ? this.withPlainQuestion(bytes) : bytes);
    if (isMalformed(message)) return { kind: 'malformed' };
    const { id, opcode } = this.message;
    const isSame = message.response && message.id === id && message.opcode === opcode;
    if (!isSame || !answersQuestion(message, this.message)) return { kind: 'mismatched' };
    return { kind: 'answer', message, bytes: bytes.length, keepsCase: keepsCase || message.questions.length === 0 };
  }

  /** Names in the answer that point to the question, as most do, are thereby as they were meant too. */
  private withPlainQuestion(bytes: Uint8Array): Uint8Array {
    if (this.plainQuestion === this.sentQuestion) return bytes;
    const plain = Uint8Array.from(bytes);
    plain.set(this.plainQuestion, DNS_HEADER_LENGTH);
    return plain;
  }
}

function questionSection(message: DnsMessage): Uint8Array {
  const { answers, authorities, additionals, edns, ...plain } = message;
  return emitDns({ ...plain, rcode: 0, answers: [], authorities: [], additionals: [] }).subarray(DNS_HEADER_LENGTH);
}

/** Bytes that are no letters are `\DDD`, and so stay what they are. */
function mixed(name: string, random: Random): string {
  return name.replace(/[a-z]/gi, (letter) => (random.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase()));
}

function isAt(bytes: Uint8Array, part: Uint8Array, offset: number): boolean {
  if (bytes.length < offset + part.length) return false;
  for (let i = 0; i < part.length; i++) if (bytes[offset + i] !== part[i]) return false;
  return true;
}

/** What servers say that do not understand a query, or do not want to. */
const BARE_ERRORS: readonly number[] = [RCODE_FORMERR, RCODE_SERVFAIL, RCODE_NOTIMP, RCODE_REFUSED];

/**
 * Servers that do not understand a query may answer without its question: then with an error and nothing else, since
 * all that ties the rest to the question is missing. To an update without the zone (RFC 2136 section 3.8).
 */
function answersQuestion(message: DnsMessage, query: DnsMessage): boolean {
  const [question] = query.questions;
  if (message.questions.length === 0) {
    const { answers, authorities, additionals, rcode } = message;
    if (query.opcode === OPCODE_UPDATE) return true;
    return answers.length + authorities.length + additionals.length === 0 && BARE_ERRORS.includes(rcode);
  }
  const [asked] = message.questions;
  return (
    message.questions.length === 1 &&
    asked.type === question.type &&
    asked.class === question.class &&
    sameName(asked.name, question.name)
  );
}
