/** The fields that filters know, as `netarium capture --fields` lists them. */
import { FILTER_FIELDS, type FilterField } from '../../devices/stack/wire/filter/filter.js';
import { CliError } from '../errors.js';
import { formatTable, type Paint } from '../terminal.js';

export interface FieldRow {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  /** Names that may stand for values: `arp.opcode == "request"`. */
  readonly valueNames?: Readonly<Record<string, number>>;
}

/** Those whose names begin with `prefix`, in the order of the layers. Throws CliError when there is none. */
export function fieldRows(prefix: string): FieldRow[] {
  const rows = FILTER_FIELDS.filter(({ name }) => name.startsWith(prefix)).map(rowOf);
  if (rows.length > 0) return rows;
  const protocols = [...new Set(FILTER_FIELDS.map(({ protocol }) => protocol))];
  throw new CliError(2, `no field begins with ${prefix}`, `Protocols are ${protocols.join(', ')}`);
}

function rowOf({ name, type, description, valueNames }: FilterField): FieldRow {
  return { name, type, description, ...(valueNames !== undefined && { valueNames }) };
}

export function formatFields(rows: readonly FieldRow[], paint: Paint): string {
  return formatTable(
    rows,
    [
      { title: 'FIELD', value: ({ name }) => name },
      { title: 'TYPE', value: ({ type }) => type },
      { title: 'WHAT IT IS', value: ({ description }) => description },
    ],
    paint,
  );
}
