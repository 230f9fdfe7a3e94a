/** A step that did not come out as it should. */
export class StepFailed extends Error {
  readonly title: string;
  readonly expected: string;
  readonly seen: string;
  /** The file asks for what cannot be. */
  readonly isError: boolean;

  constructor(title: string, expected: string, seen: string, isError = false) {
    super(`${title}: ${seen}`);
    this.title = title;
    this.expected = expected;
    this.seen = seen;
    this.isError = isError;
  }
}
