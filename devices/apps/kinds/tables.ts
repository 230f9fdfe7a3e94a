/** The tables of a machine by name: where the rows of each come from. */
import { TABLE_NAMES, type TableName, type TableRow } from '../../control/tables.js';

export type Tables = { readonly [name in TableName]?: () => TableRow[] };

/** In the order of the contract. */
export function tableNames(tables: Tables): TableName[] {
  return TABLE_NAMES.filter((name) => tables[name] !== undefined);
}

/** None for a table that the machine does not have. */
export function readTable(tables: Tables, name: TableName): TableRow[] {
  return tables[name]?.() ?? [];
}
