/**
 * What comes in answer to AXFR and IXFR (RFC 5936 section 2.2, RFC 1995 section 4), record by record, over any number of
 * messages. Nothing of it is used before its end, and nothing that contradicts itself.
 */
import { type DnsMessage, RCODE_NOERROR, rcodeName } from '../../stack/wire/dns.js';
import { isWithin, sameName } from '../../stack/wire/dns-name.js';
import { CLASS_IN, type ResourceRecord } from '../../stack/wire/dns-record.js';
import type { Difference } from './journal.js';
import { isNewerSerial } from './serial.js';
import type { SoaRecord } from './zone.js';

export type Transfer =
  | { readonly kind: 'zone'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'changes'; readonly differences: readonly Difference[] }
  /** There is nothing newer. */
  | { readonly kind: 'current' };

/** The other server did not do as the RFCs say, or refused; the message says what. */
export class TransferError extends Error {}

export interface TransferLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

type Step = { from: SoaRecord; to?: SoaRecord; removed: ResourceRecord[]; added: ResourceRecord[] };

export class TransferStream {
  private readonly zone: string;
  /** Of the copy that is there; undefined when all of the zone was asked for. */
  private readonly have: number | undefined;
  private readonly limits: TransferLimits;
  private first: SoaRecord | undefined;
  private readonly records: ResourceRecord[] = [];
  private readonly steps: Step[] = [];
  private kind: 'unknown' | 'zone' | 'changes' = 'unknown';
  private count = 0;
  private bytes = 0;
  private result: Transfer | undefined;

  constructor(zone: string, have: number | undefined, limits: TransferLimits) {
    this.zone = zone;
    this.have = have;
    this.limits = limits;
  }

  /** One more message, of so many bytes; undefined while the end is not there. Throws {@link TransferError}. */
  push(message: DnsMessage, bytes: number): Transfer | undefined {
    if (message.rcode !== RCODE_NOERROR) throw new TransferError(`the answer is ${rcodeName(message.rcode)}`);
    if (message.truncated) throw new TransferError('a message is truncated');
    this.bytes += bytes;
    this.count += message.answers.length;
    const { maxRecords, maxBytes } = this.limits;
    if (this.count > maxRecords) throw new TransferError(`more than ${maxRecords} records`);
    if (this.bytes > maxBytes) throw new TransferError(`more than ${maxBytes} bytes`);
    if (message.answers.length === 0) throw new TransferError('a message without records');
    for (const record of message.answers) this.record(record);
    // With a single SOA that is no newer the answer to IXFR is complete.
    if (this.result === undefined && this.count === 1 && !this.isNewer(this.first)) this.result = { kind: 'current' };
    return this.result;
  }

  private isNewer(soa: SoaRecord | undefined): boolean {
    return this.have === undefined || (soa !== undefined && isNewerSerial(soa.serial, this.have));
  }

  private record(record: ResourceRecord): void {
    if (this.result !== undefined) throw new TransferError('records behind the end');
    if (record.class !== CLASS_IN || !isWithin(record.name, this.zone)) {
      throw new TransferError(`${record.name} is not of the zone`);
    }
    const soa = record.type === 'SOA' ? record : undefined;
    if (soa !== undefined && !sameName(soa.name, this.zone)) throw new TransferError(`an SOA record of ${soa.name}`);
    if (this.first === undefined) {
      if (soa === undefined) throw new TransferError('the first record is no SOA');
      this.first = soa;
    } else if (this.kind === 'unknown') this.second(record, soa, this.first);
    else if (this.kind === 'zone') this.ofZone(record, soa, this.first);
    else this.ofChanges(record, soa, this.first);
  }

  /** RFC 1995 section 4: changes begin with another SOA, that of the copy that is there. */
  private second(record: ResourceRecord, soa: SoaRecord | undefined, first: SoaRecord): void {
    if (soa === undefined || soa.serial === first.serial) {
      this.kind = 'zone';
      this.records.push(first);
      this.ofZone(record, soa, first);
      return;
    }
    if (this.have === undefined) throw new TransferError('changes, where the whole zone was asked for');
    if (soa.serial !== this.have) throw new TransferError(`changes from ${soa.serial}, where ${this.have} was named`);
    if (!isNewerSerial(first.serial, this.have)) throw new TransferError('changes that lead back');
    this.kind = 'changes';
    this.steps.push({ from: soa, removed: [], added: [] });
  }

  private ofZone(record: ResourceRecord, soa: SoaRecord | undefined, first: SoaRecord): void {
    if (soa === undefined) this.records.push(record);
    else if (soa.serial !== first.serial) throw new TransferError('the zone changed in the middle');
    else this.result = { kind: 'zone', records: this.records };
  }

  private ofChanges(record: ResourceRecord, soa: SoaRecord | undefined, first: SoaRecord): void {
    const step = this.steps[this.steps.length - 1];
    if (soa === undefined) {
      (step.to === undefined ? step.removed : step.added).push(record);
      return;
    }
    if (step.to === undefined) {
      if (!isNewerSerial(soa.serial, step.from.serial)) throw new TransferError('changes that lead back');
      step.to = soa;
      return;
    }
    if (soa.serial !== step.to.serial) throw new TransferError('changes that do not follow each other');
    if (soa.serial === first.serial) this.result = { kind: 'changes', differences: this.steps as Difference[] };
    else this.steps.push({ from: soa, removed: [], added: [] });
  }
}
