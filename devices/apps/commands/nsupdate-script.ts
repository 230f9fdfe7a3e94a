/** What `nsupdate` reads: one command a line, as nsupdate(1) has them, to the parts of an update (RFC 2136 section 2). */
import { nameFromText } from '../../stack/wire/dns-name.js';
import {
  bareData,
  CLASS_ANY,
  CLASS_IN,
  CLASS_NONE,
  type QuestionType,
  type ResourceRecord,
  typeFromText,
  typeNumber,
} from '../../stack/wire/dns-record.js';
import { type Field, parseRecordData, parseTtl } from '../../stack/wire/dns-record-fields.js';
import { fieldsOf } from '../dns/zone-record.js';

export type ScriptLine =
  | { readonly kind: 'server'; readonly server: string; readonly port?: number }
  | { readonly kind: 'zone'; readonly zone: string }
  | { readonly kind: 'ttl'; readonly seconds: number }
  | { readonly kind: 'prerequisite' | 'update'; readonly record: ResourceRecord }
  | { readonly kind: 'send' | 'show' | 'answer' | 'debug' | 'quit' | 'help' };

/** A line that means nothing; the message says why. */
export class ScriptError extends Error {}

/** The words of a line, those that are left taken from the front. */
class Words {
  private readonly fields: Field[];

  constructor(fields: readonly Field[]) {
    this.fields = [...fields];
  }

  get isEmpty(): boolean {
    return this.fields.length === 0;
  }

  peek(): string {
    return this.fields[0]?.text ?? '';
  }

  next(what: string): string {
    const field = this.fields.shift();
    if (field === undefined) throw new ScriptError(`could not read ${what}`);
    return field.text;
  }

  name(what: string): string {
    const text = this.next(what);
    const name = nameFromText(text);
    if (name === undefined) throw new ScriptError(`'${text}' is not a domain name`);
    return name;
  }

  /** Takes the class, when it stands there. */
  skipClass(): void {
    if (/^in$/i.test(this.peek())) this.fields.shift();
  }

  type(): QuestionType {
    const text = this.next('type');
    const type = typeFromText(text);
    if (type === undefined) throw new ScriptError(`'${text}' is not a valid type`);
    return type;
  }

  rest(): readonly Field[] {
    return this.fields.splice(0);
  }
}

/** Undefined for a comment. `defaultTtl`: that of a `ttl` line before. Throws {@link ScriptError}. */
export function parseScriptLine(text: string, defaultTtl: number | undefined): ScriptLine | undefined {
  if (text.trim() === '') return { kind: 'send' };
  const fields = fieldsOf(text);
  if (typeof fields === 'string') throw new ScriptError(fields);
  if (fields.length === 0) return undefined;
  const words = new Words(fields);
  const word = words.next('command').toLowerCase();
  switch (word) {
    case 'server': {
      const server = words.next('server name');
      return { kind: 'server', server, ...(words.isEmpty ? {} : { port: portOf(words.next('port')) }) };
    }
    case 'zone':
      return { kind: 'zone', zone: words.name('zone name') };
    case 'ttl':
      return { kind: 'ttl', seconds: ttlOf(words.next('ttl')) };
    case 'class':
      if (/^in$/i.test(words.next('class'))) return undefined;
      throw new ScriptError('only the class IN is served');
    case 'prereq':
      return { kind: 'prerequisite', record: prerequisite(words.next('operation'), words) };
    case 'update':
      return { kind: 'update', record: change(words.next('operation'), words, defaultTtl) };
    case 'add':
    case 'del':
    case 'delete':
      return { kind: 'update', record: change(word, words, defaultTtl) };
    case 'nxdomain':
    case 'yxdomain':
    case 'nxrrset':
    case 'yxrrset':
      return { kind: 'prerequisite', record: prerequisite(word, words) };
    case 'send':
    case 'show':
    case 'answer':
    case 'debug':
    case 'quit':
    case 'help':
      return { kind: word };
    default:
      throw new ScriptError(`incorrect section name: ${word}`);
  }
}

/** Section 2.4. */
function prerequisite(operation: string, words: Words): ResourceRecord {
  const name = words.name('owner name');
  const bare = (recordClass: number, type: QuestionType) => bareRecord(name, recordClass, type);
  switch (operation.toLowerCase()) {
    case 'nxdomain':
      return bare(CLASS_NONE, 'ANY');
    case 'yxdomain':
      return bare(CLASS_ANY, 'ANY');
    case 'nxrrset':
      words.skipClass();
      return bare(CLASS_NONE, words.type());
    case 'yxrrset': {
      words.skipClass();
      const type = words.type();
      return words.isEmpty ? bare(CLASS_ANY, type) : dataRecord(name, CLASS_IN, 0, type, words);
    }
    default:
      throw new ScriptError(`incorrect operation code: ${operation}`);
  }
}

/** Section 2.5. */
function change(operation: string, words: Words, defaultTtl: number | undefined): ResourceRecord {
  const name = words.name('owner name');
  switch (operation.toLowerCase()) {
    case 'add': {
      const hasTtl = /^\d/.test(words.peek());
      const ttl = hasTtl ? ttlOf(words.next('ttl')) : defaultTtl;
      if (ttl === undefined) throw new ScriptError("no TTL: write it behind the name, or a line 'ttl' before");
      words.skipClass();
      return dataRecord(name, CLASS_IN, ttl, words.type(), words);
    }
    case 'del':
    case 'delete': {
      if (/^\d/.test(words.peek())) words.next('ttl');
      words.skipClass();
      if (words.isEmpty) return bareRecord(name, CLASS_ANY, 'ANY');
      const type = words.type();
      return words.isEmpty ? bareRecord(name, CLASS_ANY, type) : dataRecord(name, CLASS_NONE, 0, type, words);
    }
    default:
      throw new ScriptError(`incorrect operation code: ${operation}`);
  }
}

function bareRecord(name: string, recordClass: number, type: QuestionType): ResourceRecord {
  return { name, class: recordClass, ttl: 0, ...bareData(typeNumber(type)) };
}

/** Names in the data are absolute, with or without their final dot. */
function dataRecord(name: string, recordClass: number, ttl: number, type: QuestionType, words: Words): ResourceRecord {
  const data = parseRecordData(type, words.rest(), '.');
  if ('problem' in data) throw new ScriptError(`invalid rdata format: ${data.problem}`);
  return { name, class: recordClass, ttl, ...data };
}

function ttlOf(text: string): number {
  const seconds = parseTtl(text);
  if (seconds === undefined) throw new ScriptError(`ttl '${text}': not a valid number`);
  return seconds;
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new ScriptError(`port '${text}' is not between 1 and 65535`);
  return port;
}
