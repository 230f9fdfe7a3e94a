/**
 * Zone files, the master format of RFC 1035 section 5, with `$TTL` (RFC 2308 section 4) and BIND's units of time. What can
 * stand before a type: owner, TTL and class, the last two in either order. All problems are found, each with its place.
 */

import { canonicalName, isWithin, nameWithin, sameName } from './dns-name.js';
import { CLASS_IN, type RecordData, type ResourceRecord } from './dns-record.js';
import { type Field, parseRecordData, parseTtl } from './dns-record-fields.js';
import { type QuestionType, typeFromText, typeNames } from './dns-type.js';
import { didYouMean } from './nearest.js';
import { conflictOf } from './zone-conflict.js';
import { type ZoneFileLine, zoneFileLines } from './zone-file-lines.js';

export interface ZoneFilePlace {
  /** As it was given: the main file's name, or what `include` says. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface ZoneFileRecord {
  readonly record: ResourceRecord;
  readonly place: ZoneFilePlace;
}

export interface ZoneFileProblem extends ZoneFilePlace {
  readonly problem: string;
  /** The text of that file, for whoever shows the line. */
  readonly text: string;
}

export interface ZoneFileSource {
  readonly file: string;
  readonly text: string;
}

export interface ZoneFileOptions {
  /** The zone, and the first `$ORIGIN`. */
  readonly zone: string;
  /** The file that an `$INCLUDE` of `from` names, or why there is none. Left out: nothing is included. */
  readonly include?: (name: string, from: string) => ZoneFileSource | string;
  /** Default 100,000. */
  readonly maxRecords?: number;
}

export interface ZoneFileContent {
  readonly records: readonly ZoneFileRecord[];
  readonly problems: readonly ZoneFileProblem[];
}

const MAX_RECORDS = 100_000;
/** Of files within files, and of all files. */
const MAX_DEPTH = 10;
const MAX_FILES = 100;
/** After so many only the first ones help. */
const MAX_PROBLEMS = 20;

/** Owner names lie within the zone; whether the records agree with each other is not looked at. */
export function parseZoneFile(main: ZoneFileSource, options: ZoneFileOptions): ZoneFileContent {
  const reader = new ZoneFileReader(options);
  reader.read(main, options.zone);
  return { records: reader.records, problems: reader.problems };
}

/** What lines of one file share. */
interface FileState extends ZoneFileSource {
  origin: string;
  owner: string | undefined;
}

interface RecordHead {
  readonly owner: string;
  readonly ttl: number | undefined;
  readonly type: QuestionType;
  readonly typeField: Field;
  readonly data: readonly Field[];
}

class ZoneFileReader {
  readonly records: ZoneFileRecord[] = [];
  readonly problems: ZoneFileProblem[] = [];
  private readonly options: ZoneFileOptions;
  private readonly open: string[] = [];
  private files = 0;
  private defaultTtl: number | undefined;
  private lastTtl: number | undefined;
  private full = false;

  constructor(options: ZoneFileOptions) {
    this.options = options;
  }

  /** `owner`: of the record before, for lines that begin with a space. */
  read(source: ZoneFileSource, origin: string, owner?: string): void {
    this.files += 1;
    this.open.push(source.file);
    const state: FileState = { ...source, origin, owner };
    for (const line of zoneFileLines(source.text)) {
      if (this.full || this.problems.length >= MAX_PROBLEMS) break;
      if ('problem' in line) this.refuse(state, line, line.problem);
      else if (line.fields[0].text.startsWith('$') && !line.fields[0].quoted) this.directive(state, line);
      else this.record(state, line);
    }
    this.open.pop();
  }

  private directive(state: FileState, { fields }: ZoneFileLine): void {
    const [word, ...rest] = fields;
    const directive = word.text.toUpperCase();
    const bounds = DIRECTIVES.get(directive);
    if (bounds === undefined) {
      const known = [...DIRECTIVES.keys()];
      this.refuse(state, word, `there is no directive ${word.text}.${didYouMean(directive, known)}`);
    } else if (rest.length < 1) this.refuse(state, word, `${directive} needs ${bounds.needs}`);
    else if (rest.length > bounds.most)
      this.refuse(state, rest[bounds.most], `${directive} takes ${bounds.needs} alone`);
    else if (directive === '$ORIGIN') state.origin = this.origin(state, rest[0]) ?? state.origin;
    else if (directive === '$TTL') {
      this.defaultTtl = parseTtl(rest[0].text);
      if (this.defaultTtl === undefined)
        this.refuse(state, rest[0], `"${rest[0].text}" is not a time, such as 3600 or 1h`);
    } else this.include(state, rest[0], rest[1]);
  }

  private include(state: FileState, name: Field, originField: Field | undefined): void {
    const origin = originField === undefined ? state.origin : this.origin(state, originField);
    if (origin === undefined) return;
    const source = this.options.include?.(name.text, state.file) ?? 'files cannot be included here';
    if (typeof source === 'string') this.refuse(state, name, source);
    else if (this.open.includes(source.file)) this.refuse(state, name, `${source.file} includes itself`);
    else if (this.open.length >= MAX_DEPTH) this.refuse(state, name, `more than ${MAX_DEPTH} files within each other`);
    else if (this.files >= MAX_FILES) this.refuse(state, name, `more than ${MAX_FILES} files`);
    else this.read(source, origin, state.owner);
  }

  private origin(state: FileState, field: Field): string | undefined {
    const name = nameWithin(field.text, state.origin);
    if (name === undefined) this.refuse(state, field, `"${field.text}" is not a domain name`);
    return name;
  }

  private record(state: FileState, line: ZoneFileLine): void {
    const head = this.head(state, line);
    if (head === undefined) return;
    const { owner, type, typeField } = head;
    const data = parseRecordData(type, head.data, state.origin);
    if ('problem' in data) {
      this.refuse(state, data.field ?? typeField, `${type}: ${data.problem}`);
      return;
    }
    const ttl = this.ttlOf(head, data);
    if (ttl === undefined) {
      this.refuse(state, typeField, 'no TTL: neither here, nor by $TTL or a record before');
      return;
    }
    if (this.records.length >= (this.options.maxRecords ?? MAX_RECORDS)) {
      this.full = true;
      this.refuse(state, line.fields[0], `more than ${this.options.maxRecords ?? MAX_RECORDS} records`);
      return;
    }
    const { line: number, column } = line.fields[0];
    const record = { name: owner, class: CLASS_IN, ttl, ...data };
    this.records.push({ record, place: { file: state.file, line: number, column } });
  }

  /** Owner, TTL, class and type; undefined, and a problem, when they are not there. */
  private head(state: FileState, { fields, indented }: ZoneFileLine): RecordHead | undefined {
    const rest = [...fields];
    if (!indented && !this.owner(state, rest.shift() as Field)) return undefined;
    const { owner } = state;
    if (owner === undefined) return this.refuse(state, fields[0], 'no owner: no record stands before this one');
    let ttl: number | undefined;
    let hasClass = false;
    for (;;) {
      const field = rest.shift();
      if (field === undefined)
        return this.refuse(state, fields[fields.length - 1], 'the type of the record is missing');
      const text = field.text.toUpperCase();
      if (ttl === undefined && /^\d/.test(text)) {
        ttl = parseTtl(text);
        if (ttl === undefined) return this.refuse(state, field, `"${field.text}" is neither a TTL nor a type`);
      } else if (!hasClass && OTHER_CLASS.test(text)) {
        return this.refuse(state, field, `the class is ${text}: only IN is served`);
      } else if (!hasClass && (text === 'IN' || text === 'CLASS1')) hasClass = true;
      else {
        const type = typeFromText(text);
        if (type !== undefined) return { owner, ttl, type, typeField: field, data: rest };
        return this.refuse(state, field, `"${field.text}" is not a record type.${didYouMean(text, typeNames())}`);
      }
    }
  }

  /** Sets the owner of this line and those after it; false, and a problem, when it cannot be. */
  private owner(state: FileState, field: Field): boolean {
    const name = nameWithin(field.text, state.origin);
    const { zone } = this.options;
    if (name === undefined) this.refuse(state, field, `"${field.text}" is not a domain name`);
    else if (!isWithin(name, zone)) this.refuse(state, field, `${name} lies outside the zone ${zone}`);
    else {
      state.owner = name;
      return true;
    }
    return false;
  }

  /** RFC 2308 section 4: `$TTL` goes before the last one given (RFC 1035); an SOA's own minimum, as in BIND, after both. */
  private ttlOf(head: RecordHead, data: RecordData): number | undefined {
    const ttl = head.ttl ?? this.defaultTtl ?? this.lastTtl ?? (data.type === 'SOA' ? data.minimum : undefined);
    this.lastTtl = ttl ?? this.lastTtl;
    return ttl;
  }

  private refuse(state: FileState, { line, column }: { line: number; column: number }, problem: string): undefined {
    this.problems.push({ file: state.file, text: state.text, line, column, problem });
    return undefined;
  }
}

const DIRECTIVES = new Map([
  ['$ORIGIN', { needs: 'a name', most: 1 }],
  ['$TTL', { needs: 'a time', most: 1 }],
  ['$INCLUDE', { needs: 'a file, perhaps an origin', most: 2 }],
]);
const OTHER_CLASS = /^(CH|HS|CS|CLASS(?!1$)\d+)$/;

/** What makes records unfit to be one zone, apart from a missing SOA or NS record. */
export function zoneConflicts(
  zone: string,
  records: readonly ZoneFileRecord[],
): (ZoneFilePlace & { problem: string })[] {
  const firstsByName = new Map<string, Map<string, ResourceRecord>>();
  return records.flatMap(({ record, place }) => {
    const name = canonicalName(record.name);
    const firsts = firstsByName.get(name) ?? new Map<string, ResourceRecord>();
    firstsByName.set(name, firsts);
    const problem = conflictOf(record, sameName(name, zone), firsts, (type) => firsts.get(type));
    if (problem !== undefined) return [{ ...place, problem }];
    if (!firsts.has(record.type)) firsts.set(record.type, record);
    return [];
  });
}
