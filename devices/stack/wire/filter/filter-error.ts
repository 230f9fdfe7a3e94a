/** What is wrong with an expression, and where. */
export interface FilterError {
  readonly message: string;
  /** Of the character in the text at which it was noticed, from 1. */
  readonly column: number;
}

/** Thrown inside the compilers only; whoever calls them gets a {@link FilterError}. */
export class FilterProblem extends Error {
  readonly column: number;

  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

/** What `compile` gives, or the problem that it threw, as data. */
export function orFilterError<T>(compile: () => T): T | FilterError {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof FilterProblem)) throw error;
    return { message: error.message, column: error.column };
  }
}

export function isFilterError(value: object): value is FilterError {
  return 'message' in value && 'column' in value;
}
