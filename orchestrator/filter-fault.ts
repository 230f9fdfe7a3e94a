/** What is wrong with an expression of the filter language, for people. */
import type { FilterError } from '../devices/stack/wire/filter/filter.js';
import { CliError } from './errors.js';

/** `what`: where the expression stands. The hint shows the place with a caret below, then `more`. */
export function filterFault(what: string, text: string, { column, message }: FilterError, more?: string): CliError {
  // One line: tabs and line ends would move the caret away from its place.
  const line = text.replace(/\s/g, ' ');
  const place = `${line}\n${' '.repeat(column - 1)}^`;
  return new CliError(2, `${what}, column ${column}: ${message}`, more === undefined ? place : `${place}\n${more}`);
}
