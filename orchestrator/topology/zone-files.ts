/** Zone files of a topology: read from its folder alone, and put into records; what is wrong is told with its place in them. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { RecordConfig } from '../../devices/control.js';
import { absolute, formatRecordData } from '../../devices/stack/wire/dns-record.js';
import { parseZoneFile, type ZoneFileSource, zoneConflicts } from '../../devices/stack/wire/zone-file.js';
import type { Draft } from './draft.js';
import type { Path } from './source.js';

/** A file that is larger than this is no zone of a mini-internet. */
const LARGEST_FILE = 8 * 1024 * 1024;

/** `zone` is absolute, `folder` that of the topology. Names come back absolute, owners in lower case. */
export function readZoneFile(draft: Draft, zone: string, file: string, folder: string, path: Path): RecordConfig[] {
  const main = readSource(folder, resolve(folder, file), file);
  if (typeof main === 'string') {
    draft.problems.add('zone', path, `the zone file "${file}" ${main}`);
    return [];
  }
  const name = zone === '.' ? zone : zone.slice(0, -1);
  const texts = new Map([[main.file, main.text]]);
  const include = (wanted: string, from: string): ZoneFileSource | string => {
    const source = readSource(folder, resolve(folder, dirname(from), wanted), wanted);
    if (typeof source === 'string') return `the file "${wanted}" ${source}`;
    texts.set(source.file, source.text);
    return source;
  };
  const { records, problems } = parseZoneFile(main, { zone: name, include });
  for (const { file: where, line, column, problem } of [...problems, ...zoneConflicts(name, records)]) {
    const text = texts.get(where) ?? '';
    draft.problems.addForeign({ file: where, text }, { line, column, length: wordLength(text, line, column) }, problem);
  }
  return records.map(({ record }) => ({
    name: absolute(record.name).toLowerCase(),
    type: record.type,
    ttlSeconds: record.ttl,
    data: record.type === 'NS' ? formatRecordData(record).toLowerCase() : formatRecordData(record),
  }));
}

/** Named relative to `folder`; a text says why it cannot be had. Links that lead out of the folder are not followed. */
function readSource(folder: string, file: string, named: string): ZoneFileSource | string {
  let real: string;
  let bytes: Uint8Array;
  try {
    const root = realpathSync(folder);
    real = relative(root, realpathSync(file));
    if (isAbsolute(named) || real.startsWith(`..${sep}`) || real === '..' || isAbsolute(real)) {
      return 'lies outside the folder of the topology';
    }
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist; it is looked for beside the topology file';
    return code === 'EISDIR' ? 'is a folder' : `cannot be read (${code ?? String(error)})`;
  }
  if (bytes.length > LARGEST_FILE) return 'is too large for a zone';
  return { file: real.split(sep).join('/'), text: new TextDecoder().decode(bytes) };
}

/** For the mark below the line. */
function wordLength(text: string, line: number, column: number): number {
  const row = text.split('\n')[line - 1] ?? '';
  return Math.max(1, /^("[^"]*"?|[^\s;()"]+)/.exec(row.slice(column - 1))?.[0].length ?? 1);
}
