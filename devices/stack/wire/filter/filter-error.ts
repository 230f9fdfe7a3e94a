/** What is wrong with an expression, and where. */
export interface FilterError {
  readonly message: string;
  /** Of the character in the text at which it was noticed, from 1. */
  readonly column: number;
  /** A list of the fields would help. */
  readonly isUnknownField?: boolean;
}

/** Thrown inside the compilers only; whoever calls them gets a {@link FilterError}. */
export class FilterProblem extends Error {
  readonly column: number;
  readonly isUnknownField: boolean;

  constructor(message: string, column: number, isUnknownField = false) {
    super(message);
    this.column = column;
    this.isUnknownField = isUnknownField;
  }
}

/** What `compile` gives, or the problem that it threw, as data. */
export function orFilterError<T>(compile: () => T): T | FilterError {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof FilterProblem)) throw error;
    const { message, column, isUnknownField } = error;
    return { message, column, ...(isUnknownField && { isUnknownField }) };
  }
}

export function isFilterError(value: object): value is FilterError {
  return 'message' in value && 'column' in value;
}
