/** Zone files of a topology: read from its folder alone, and put into records; what is wrong is told with its place in them. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
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
  let text: string;
  try {
    const root = realpathSync(folder);
    real = relative(root, realpathSync(file));
    if (isAbsolute(named) || real.startsWith(`..${sep}`) || real === '..' || isAbsolute(real)) {
      return 'lies outside the folder of the topology';
    }
    // Before it is read: a pipe would never end.
    const status = statSync(file);
    if (status.isDirectory()) return 'is a folder';
    if (!status.isFile()) return 'is no file';
    if (status.size > LARGEST_FILE) return 'is too large for a zone';
    text = new TextDecoder().decode(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist; it is looked for beside the topology file';
    return `cannot be read (${code ?? String(error)})`;
  }
  return { file: real.split(sep).join('/'), text };
}

/** For the mark below the line. */
function wordLength(text: string, line: number, column: number): number {
  const row = text.split('\n')[line - 1] ?? '';
  return Math.max(1, /^("[^"]*"?|[^\s;()"]+)/.exec(row.slice(column - 1))?.[0].length ?? 1);
}
